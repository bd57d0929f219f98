"""Whether outputs and targets have dtypes that a loss can compare, in one line."""

import torch
from torch import Tensor, nn

from lampas.errors import DtypeError
from lampas.losses.kinds import Known

_BYTES = (nn.CrossEntropyLoss, nn.NLLLoss)
"""Losses that take uint8 class indices."""

_FLOAT = "y.float() (NumPy: y.astype('float32'))"
_LONG = "y.long() (NumPy: y.astype('int64'))"


def check_dtypes(known: Known, y_pred: Tensor, y_true: Tensor) -> None:
    """Raise `DtypeError` where a loss of the table cannot read the outputs or the targets."""
    if not y_pred.is_floating_point():
        raise DtypeError(
            f"the model returns {y_pred.dtype}: {known.name} needs floating-point outputs that "
            "can be differentiated, so no argmax and no threshold before it"
        )
    wanted = known.reads.dtype
    if wanted == "index":
        _check_index(known, y_pred, y_true)
    elif wanted == "number":
        if y_true.dtype is torch.bool:
            raise _convert(known, "numbers as targets", y_pred, y_true)
    elif not y_true.is_floating_point():
        raise _convert(known, "float targets", y_pred, y_true)
    elif wanted == "same" and y_true.dtype != y_pred.dtype:
        raise _convert(known, f"targets of the output's dtype, {y_pred.dtype}", y_pred, y_true)


def _convert(known: Known, wants: str, y_pred: Tensor, y_true: Tensor) -> DtypeError:
    call = _FLOAT if y_pred.dtype is torch.float32 else f"y.to({y_pred.dtype})"
    return DtypeError(f"{known.name} reads {wants}, but they are {y_true.dtype}: pass {call}")


def _check_index(known: Known, y_pred: Tensor, y_true: Tensor) -> None:
    if known.base is nn.CrossEntropyLoss and y_true.shape == y_pred.shape:
        if not y_true.is_floating_point():
            raise DtypeError(
                f"{known.name} reads class indices (N,), or probabilities in the shape of the "
                f"outputs as floats, but the targets are {tuple(y_true.shape)} {y_true.dtype}: "
                f"pass y.argmax(1) for one-hot rows, or {_FLOAT}"
            )
        return
    if y_true.dtype is torch.int64 or (y_true.dtype is torch.uint8 and known.base in _BYTES):
        return
    fix = f"pass {_LONG}"
    if y_true.is_floating_point() and bool((y_true != y_true.trunc()).any()):
        fix = "they are not whole, so use a loss for numbers such as MSELoss"
    raise DtypeError(
        f"{known.name} reads class indices as torch.int64, but the targets are {y_true.dtype}: "
        f"{fix}"
    )
