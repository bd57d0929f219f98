"""What went wrong in a step, said in one line where it can be known."""

from typing import Any

import torch
from torch import nn

from lampas.data.arrays import Rows
from lampas.data.batch import Batch
from lampas.data.finite import first_gap, gaps_in
from lampas.data.nest import leaves, named_leaves, rebuild
from lampas.errors import DataError, DtypeError, InputError, LampasError, NonFiniteError

_REMEDY = "lower the learning rate or clip gradients (clip_norm=1.0)"


def explain(error: Exception, model: nn.Module, batch: Batch, where: str) -> Exception:
    """The error to raise for one that a step raised; the same one, with a note, if unknown."""
    if isinstance(error, LampasError):
        return error
    known = (
        _device(error, model, batch) or _dtype(error, model, batch) or _loss_or_batch(error, batch)
    )
    if known is not None:
        return known
    shapes = ", ".join(f"{name} {tuple(leaf.shape)} {leaf.dtype}"
                       for name, leaf in named_leaves(batch.x, "x")
                       if isinstance(leaf, torch.Tensor))  # fmt: skip
    error.add_note(f"lampas: {where}, with {shapes}")
    return error


def non_finite(
    error: NonFiniteError, model: nn.Module, batch: Batch | None, where: str
) -> NonFiniteError:
    """The whole line for a loss that is nan or infinite; `batch` where it was caught in time."""
    if batch is None:
        return NonFiniteError(f"{error} of the epoch: the weights are damaged since; {_REMEDY}")
    cause = gaps_in(batch.x, "x") or gaps_in(batch.y, "y") or _damaged(model)
    cause = f"the data of this batch are finite: {_REMEDY}" if cause is None else cause
    return NonFiniteError(f"{error} {where}: {cause}")


def _damaged(model: nn.Module) -> str | None:
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            return f"{name} holds nan or infinity: {_REMEDY}"
    return None


def _device(error: Exception, model: nn.Module, batch: Batch) -> InputError | None:
    devices = {str(p.device): name for name, p in model.named_parameters()}
    if len(devices) != 1:
        return None  # a net on several devices moves its tensors itself
    home = next(iter(devices))
    for name, leaf in named_leaves(batch.x, "x"):
        if isinstance(leaf, torch.Tensor) and str(leaf.device) != home:
            return InputError(
                f"{name} is on {leaf.device} but the model is on {home}: compile(device=...) moves "
                "the model, and its data with it"
            )
    return _left_behind(model, home) if "device" in str(error) else None


def _left_behind(model: nn.Module, home: str) -> InputError | None:
    """A tensor that is neither parameter nor buffer stays where it was when the net moves."""
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if isinstance(value, torch.Tensor) and str(value.device) != home:
                return InputError(
                    f"{path + '.' if path else ''}{name} is on {value.device} but the model is on "
                    f"{home}: it is a plain tensor, which does not move with the model; write "
                    f"self.register_buffer({name!r}, ...)"
                )
    return None


def _dtype(error: Exception, model: nn.Module, batch: Batch) -> DtypeError | None:
    said = str(error)
    if "dtype" not in said and "scalar type" not in said:
        return None
    wanted = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
    tensors = [(n, t) for n, t in named_leaves(batch.x, "x") if isinstance(t, torch.Tensor)]
    floats = [(n, t) for n, t in tensors if t.is_floating_point()]
    whole = [(n, t) for n, t in tensors if not (t.is_floating_point() or t.is_complex())]
    if "'indices'" in said and len(floats) == 1:
        name, leaf = floats[0]
        return DtypeError(
            f"{name} is {leaf.dtype} but an embedding reads indices: pass {name}.long()"
        )
    for name, leaf in floats:
        if wanted is not None and leaf.dtype != wanted:
            return DtypeError(
                f"{name} is {leaf.dtype} but the model's parameters are {wanted}: pass "
                f"{name}.to({wanted}), or convert the model with model.to({leaf.dtype})"
            )
    if wanted is not None and len(whole) == 1:
        name, leaf = whole[0]
        return DtypeError(
            f"{name} is {leaf.dtype} but the model's parameters are {wanted}: pass "
            f"{name}.to({wanted})"
        )
    return None


def _loss_or_batch(error: Exception, batch: Batch) -> InputError | None:
    said = str(error)
    if "does not require grad and does not have a grad_fn" in said:
        if not torch.is_grad_enabled():
            return InputError("fit was called within torch.no_grad(): call it outside")
        return InputError(
            "the loss does not depend on the model's parameters, so nothing can be trained: look "
            "for detach(), .item(), argmax or torch.no_grad() between the net and the loss"
        )
    if "Expected more than 1 value per channel" in said and batch.size == 1:
        return DataError(
            "a batch of 1 sample cannot train BatchNorm, whose variance needs 2: take a batch_size "
            "that leaves no last batch of 1, or a DataLoader with drop_last=True"
        )
    return None


def check_inputs(model: nn.Module, rows: Rows) -> None:
    """Refuse inputs with nan or infinity that the net does not handle.

    Some nets take gaps as they are. So the rows with gaps go through the net once, in
    evaluation mode: what comes out finite is no fault.
    """
    inputs = len(leaves(rows.x))
    found = first_gap(rows, stop=inputs)
    if found is None:
        return
    row, message = found
    if not _survives(model, rows.span(row, row + 1), inputs):
        raise DataError(
            f"{message}, and the net turns it into nan: fill the gaps, or drop those rows"
        )


def _survives(model: nn.Module, rows: Rows, inputs: int) -> bool:
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    tensors = [t.to(device, d) for t, d in zip(rows.tensors, rows.dtypes, strict=True)]
    batch = Batch(rebuild(rows.x, tensors[:inputs]), None, None, 1)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            output: Any = model(*batch.args, **batch.kwargs)
    except Exception:
        return True  # another fault: the first step will say which
    finally:
        for module, mode in modes:
            module.training = mode
    return gaps_in(output, "output") is None
