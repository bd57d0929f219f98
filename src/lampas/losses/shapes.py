"""Whether outputs and targets have shapes that a loss can compare, in one line."""

from typing import Any

import torch
from torch import Tensor, nn

from lampas.errors import InputError, ShapeError
from lampas.losses.kinds import Known


def check_tensors(known: Known, y_pred: Any, y_true: Any) -> tuple[Tensor, Tensor]:
    """Both, as the tensors that they must be.

    Raises `InputError` where there are no targets, `ShapeError` where either is a tuple, a dict
    or anything else.
    """
    if y_true is None:
        raise InputError(f"{known.name} compares outputs with targets, and there are none: pass y")
    for what, value in (("the model returns", y_pred), ("the targets are", y_true)):
        if not isinstance(value, Tensor):
            raise ShapeError(
                f"{known.name} reads one tensor, but {what} a {type(value).__name__}: give each "
                "output its own loss with a dict or list of losses, or pass a function "
                "(y_pred, y_true)"
            )
    return y_pred, y_true


def check_shapes(known: Known, y_pred: Tensor, y_true: Tensor) -> None:
    """Raise `ShapeError` where a loss of the table cannot compare them, or would do so wrongly."""
    if y_pred.ndim and y_true.ndim and len(y_pred) != len(y_true):
        raise _rows(y_pred, y_true)
    if known.reads.elementwise:
        _check_elementwise(known, y_pred, y_true)
    else:
        _check_classes(known, y_pred, y_true)


def check_rows(y_pred: Tensor, y_true: Tensor) -> None:
    """Raise `ShapeError` where both differ in nothing but their number of rows.

    For functions of the user's, which may well take outputs of another length: CTC with time
    first, contrastive losses of two views. Those differ in more than that.
    """
    same_rows = y_pred.ndim and y_true.ndim and y_pred.shape[1:] == y_true.shape[1:]
    if same_rows and len(y_pred) != len(y_true):
        raise _rows(y_pred, y_true)


def _rows(y_pred: Tensor, y_true: Tensor) -> ShapeError:
    return ShapeError(
        f"the model returns {len(y_pred)} rows, {tuple(y_pred.shape)}, for {len(y_true)} targets, "
        f"{tuple(y_true.shape)}: it must return one row for each"
    )


def broadcast_shape(y_pred: Tensor, y_true: Tensor) -> tuple[int, ...] | None:
    """The shape that elementwise arithmetic on the two would have, None where it would fail."""
    try:
        return tuple(torch.broadcast_shapes(y_pred.shape, y_true.shape))
    except RuntimeError:
        return None


def unequal(
    name: str, y_pred: Tensor, y_true: Tensor, compared: tuple[int, ...] | None
) -> ShapeError:
    """The line for two shapes that differ; `compared` where the loss would broadcast them."""
    deed = (
        "compares element by element" if compared is None else f"would compare them as {compared}"
    )
    return ShapeError(
        f"the model returns {tuple(y_pred.shape)} but the targets are {tuple(y_true.shape)}: "
        f"{name} {deed}. {_remedy(y_pred, y_true)}"
    )


def _check_elementwise(known: Known, y_pred: Tensor, y_true: Tensor) -> None:
    if y_pred.shape != y_true.shape:
        compared = broadcast_shape(y_pred, y_true) if known.reads.broadcasts else None
        raise unequal(known.name, y_pred, y_true, compared)


def _remedy(y_pred: Tensor, y_true: Tensor) -> str:
    if _without_ones(y_pred) == _without_ones(y_true):
        shape = ", ".join(str(size) for size in (-1, *y_pred.shape[1:]))
        verb = "squeeze" if y_pred.ndim > y_true.ndim else "unsqueeze"
        return f"Reshape the targets with y.reshape({shape}), or {verb} the output"
    if y_pred.ndim == 2 and y_true.ndim == 1 and not y_true.is_floating_point():
        return "For class indices use CrossEntropyLoss"
    if y_pred.ndim == 2 and y_true.numel() == len(y_pred):
        return f"For one target a sample the net must end with 1 unit, not {y_pred.shape[1]}"
    return "Make the two shapes equal"


def _without_ones(tensor: Tensor) -> tuple[int, ...]:
    return (*tensor.shape[:1], *(size for size in tensor.shape[1:] if size != 1))


def _check_classes(known: Known, y_pred: Tensor, y_true: Tensor) -> None:
    outputs, targets = tuple(y_pred.shape), tuple(y_true.shape)
    if len(outputs) < 2 or outputs[1] == 1:
        raise ShapeError(
            f"{known.name} reads one score a class, (N, C), but the model returns {outputs}: for "
            "yes/no targets use BCEWithLogitsLoss, otherwise end the net with one unit a class"
        )
    places = (outputs[0], *outputs[2:])
    if targets == places or (targets == outputs and known.base is nn.CrossEntropyLoss):
        return
    raise ShapeError(
        f"{known.name} reads class indices of shape {places} for outputs {outputs}, but the "
        f"targets are {targets}: {_class_remedy(outputs, targets, places)}"
    )


def _class_remedy(
    outputs: tuple[int, ...], targets: tuple[int, ...], places: tuple[int, ...]
) -> str:
    if targets == (places[0], 1, *places[1:]):
        return "pass y.squeeze(1)"
    if targets == outputs:
        return "one-hot targets become indices with y.argmax(1)"
    if len(outputs) > 2 and targets == outputs[:-1]:
        return "classes belong in dimension 1, so return output.movedim(-1, 1)"
    return "pass one index for each row of scores"
