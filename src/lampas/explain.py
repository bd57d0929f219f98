"""What went wrong in a step, said in one line where it can be known."""

import os
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn, cast

import torch
from torch import nn

from lampas.data.arrays import Rows
from lampas.data.batch import Batch
from lampas.data.finite import first_gap, gaps_in
from lampas.data.nest import leaves, named_leaves, rebuild
from lampas.errors import DataError, DtypeError, InputError, LampasError, NonFiniteError
from lampas.modes import evaluating
from lampas.recompute import not_repeatable

_REMEDY = "lower the learning rate or clip gradients (clip_norm=1.0)"


def explain(error: Exception, model: nn.Module, batch: Batch, where: str) -> Exception:
    """The error to raise for one that a step raised; the same one, with a note, if unknown."""
    if isinstance(error, LampasError):
        return error
    known = (
        not_repeatable(error) or _device(error, model, batch) or _dtype(error, model, batch)
        or _loss_or_batch(error, batch) or _order(error, batch) or _keys(batch)
    )  # fmt: skip
    if known is not None:
        return known
    shapes = ", ".join(f"{name} {tuple(leaf.shape)} {leaf.dtype}"
                       for name, leaf in named_leaves(batch.x, "x")
                       if isinstance(leaf, torch.Tensor))  # fmt: skip
    layer = _refusing(error, model)
    if layer is not None:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".: ")
        return InputError(
            f"{where}: {layer} cannot take what reaches it: {line:.300}; the net was given "
            f"{shapes or 'no tensor'}: pass data of the shape and dtype that it reads"
        )
    error.add_note(f"lampas: {where}, with {shapes}" if shapes else f"lampas: {where}")
    return error


def raise_explained(error: Exception, model: nn.Module, batch: Batch, where: str) -> NoReturn:
    """What the net or the loss raised, explained where it can be."""
    known = explain(error, model, batch, where)
    if known is error:
        raise error
    raise known from error


def _keys(batch: Batch) -> DataError | None:
    names = list(cast("dict[Any, Any]", batch.x)) if isinstance(batch.x, Mapping) else []
    odd = next((name for name in names if not isinstance(name, str)), None)
    if odd is None:
        return None
    return DataError(f"x has the key {odd!r}: forward gets its inputs by name, so keys are text")


def _refusing(error: Exception, model: nn.Module) -> str | None:
    """The layer within `model`'s forward whose torch refuses its input, by path and description.

    None where the user's own code raised: what it says is its own affair, and keeps its type.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    calls = [frame.f_locals.get("self") for frame in frames if frame.f_code is _CALL]
    if model not in calls:
        return None
    in_torch = frames[-1].f_code.co_filename.startswith(_TORCH)
    if type(error) is not RuntimeError and not (type(error) in _REFUSALS and in_torch):
        return None
    layer = cast(nn.Module, calls[-1])
    path = next((name for name, module in model.named_modules() if module is layer), "")
    told = repr(layer) if not list(layer.children()) else type(layer).__name__
    return f"{path}, {told}," if path else type(layer).__name__


_CALL = nn.Module._call_impl.__code__  # pyright: ignore[reportPrivateUsage]
_TORCH = os.path.dirname(torch.__file__)
_REFUSALS = (NotImplementedError, IndexError, ValueError, TypeError)
"""What torch raises for data of another kind, beside RuntimeError, which is its own."""


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


def _order(error: Exception, batch: Batch) -> InputError | None:
    """A net that views what it is given as rows of numbers, and is given it in another order."""
    if "view size is not compatible" not in str(error):
        return None
    for name, leaf in named_leaves(batch.x, "x"):
        if isinstance(leaf, torch.Tensor) and not leaf.is_contiguous():
            return InputError(
                f"{name} {tuple(leaf.shape)} lies in memory in another order than its dimensions "
                f"(strides {leaf.stride()}), and the net views it as if it did not: pass "
                f"{name}.contiguous(), or write reshape in place of view in the net"
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


def check_gradients(model: nn.Module, rows: Rows) -> None:
    """Refuse inputs to train on with infinities that the net takes, and its gradients do not: a
    gate that is shut stays so at infinity, and 0 · ∞ is nan in the first step's weights."""
    inputs = len(leaves(rows.x))
    found = first_gap(rows, stop=inputs)
    if found is None:
        return
    row, message = found
    if not _trains(model, rows.span(row, row + 1), inputs):
        raise DataError(
            f"{message}, and the gradients become nan of it: clip the values, or drop those rows"
        )


def _survives(model: nn.Module, rows: Rows, inputs: int) -> bool:
    try:
        with torch.no_grad():
            output = _output(model, rows, inputs)
    except Exception:
        return True  # another fault: the first step will say which
    return gaps_in(output, "output") is None


def _trains(model: nn.Module, rows: Rows, inputs: int) -> bool:
    """Whether the gradients of the output's sum are finite in every weight."""
    weights = [p for p in model.parameters() if p.requires_grad]
    try:
        output = _output(model, rows, inputs)
        found = [leaf for _, leaf in named_leaves(output, "y") if isinstance(leaf, torch.Tensor)]
        total = torch.stack([leaf.sum() for leaf in found if leaf.requires_grad]).sum()
        gradients: Any = torch.autograd.grad(total, weights, allow_unused=True)
    except Exception:
        return True  # as above
    known = [one for one in gradients if one is not None]  # the output may not depend on all
    return all(bool(one.isfinite().all()) for one in known)


def _output(model: nn.Module, rows: Rows, inputs: int) -> Any:
    """What the net makes of `rows` in evaluation mode."""
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    tensors = [t.to(device, d) for t, d in zip(rows.tensors, rows.dtypes, strict=True)]
    batch = Batch(rebuild(rows.x, tensors[:inputs]), None, None, 1)
    with evaluating(model):
        return model(*batch.args, **batch.kwargs)
