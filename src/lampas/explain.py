"""What went wrong in a step, said in one line where it can be known."""

from typing import Any

import torch
from torch import nn

from lampas.data.arrays import Rows
from lampas.data.batch import Batch
from lampas.data.finite import first_gap, gaps_in
from lampas.data.nest import leaves, named_leaves, rebuild
from lampas.errors import DataError, DtypeError, InputError, NonFiniteError

_REMEDY = "lower the learning rate or clip gradients (clip_norm=1.0)"


def explain(error: Exception, model: nn.Module, batch: Batch, where: str) -> Exception:
    """The error to raise for one that a step raised; the same one, with a note, if unknown."""
    known = _device(model, batch) or _dtype(error, model, batch)
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


def _device(model: nn.Module, batch: Batch) -> InputError | None:
    devices = {str(p.device): name for name, p in model.named_parameters()}
    if len(devices) > 1:
        return None  # a net on several devices moves its tensors itself
    home = next(iter(devices), None)
    for name, leaf in named_leaves(batch.x, "x"):
        if home and isinstance(leaf, torch.Tensor) and str(leaf.device) != home:
            return InputError(
                f"{name} is on {leaf.device} but the model is on {home}: compile(device=...) moves "
                "the model, and its data with it"
            )
    return None


def _dtype(error: Exception, model: nn.Module, batch: Batch) -> DtypeError | None:
    if "dtype" not in str(error) and "scalar type" not in str(error):
        return None
    wanted = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
    for name, leaf in named_leaves(batch.x, "x"):
        if (
            isinstance(leaf, torch.Tensor)
            and wanted
            and leaf.is_floating_point()
            and leaf.dtype != wanted
        ):
            return DtypeError(
                f"{name} is {leaf.dtype} but the model's parameters are {wanted}: pass "
                f"{name}.to({wanted}), or convert the model with model.to({leaf.dtype})"
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
