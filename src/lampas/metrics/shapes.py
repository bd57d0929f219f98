"""Bringing outputs and targets to fit, as torch's losses take them, without a silent broadcast."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from lampas.errors import ShapeError


def tensors(name: str, y_pred: Any, y_true: Any) -> tuple[Tensor, Tensor]:
    """Both as detached tensors.

    Raises `ShapeError` where one is a tuple or dict of tensors, or anything else.
    """
    for side, value in (("output", y_pred), ("target", y_true)):
        if not isinstance(value, torch.Tensor):
            raise ShapeError(
                f"metric {name!r} reads one {side} tensor, got a {type(value).__name__}: "
                "pass a function (y_pred, y_true) that picks the part it needs"
            )
    return y_pred.detach(), y_true.detach()


def same_shape(name: str, y_pred: Any, y_true: Any) -> tuple[Tensor, Tensor]:
    """Both with one shape: (N,) and (N, 1) are the same, anything else must be equal.

    >>> [tuple(t.shape) for t in same_shape("mae", torch.zeros(3, 1), torch.zeros(3))]
    [(3, 1), (3, 1)]
    """
    outputs, targets = tensors(name, y_pred, y_true)
    if outputs.shape == targets.shape:
        return outputs, targets
    if _without_ones(outputs) == _without_ones(targets):
        return outputs, targets.reshape(outputs.shape)
    raise ShapeError(
        f"metric {name!r} compares element by element, got outputs {tuple(outputs.shape)} "
        f"and targets {tuple(targets.shape)}"
    )


def _without_ones(tensor: Tensor) -> tuple[int, ...]:
    return (*tensor.shape[:1], *(size for size in tensor.shape[1:] if size != 1))


def columns(values: Tensor) -> Tensor:
    """(N,) or (N, C) or (N, C, d1, ...) as rows and columns: (M, C), with C = 1 for (N,).

    >>> columns(torch.zeros(2, 3, 5)).shape
    torch.Size([10, 3])
    """
    if values.ndim < 2:
        return values.reshape(-1, 1)
    return values.movedim(1, -1).reshape(-1, values.shape[1])


class Classes(NamedTuple):
    """Class scores and targets that fit: (M, C) scores, (M,) indices, (M,) whether a row counts.

    `counts` is None where every row counts.
    """

    scores: Tensor
    truth: Tensor
    counts: Tensor | None


def classes(name: str, y_pred: Any, y_true: Any, ignore_index: int | None = None) -> Classes:
    """Scores (N, C, d1, ...) and class targets, with all but the classes flattened.

    Targets are class indices (N, d1, ...), also (N, 1, d1, ...), or one value a class
    (N, C, d1, ...), one-hot or probabilities, whose largest is the class.
    Raises `ShapeError` for anything else.

    >>> fitted = classes("accuracy", torch.zeros(2, 3, 4), torch.zeros(2, 4))
    >>> fitted.scores.shape, fitted.truth.shape, fitted.counts
    (torch.Size([8, 3]), torch.Size([8]), None)
    """
    scores, targets = tensors(name, y_pred, y_true)
    if scores.ndim < 2 or scores.shape[1] < 2:
        raise ShapeError(
            f"metric {name!r} takes one score a class, outputs (N, C, ...), "
            f"got {tuple(scores.shape)}: yes/no outputs have the Binary metrics"
        )
    truth = _class_indices(name, scores, targets)
    counts = None if ignore_index is None else truth != ignore_index
    return Classes(columns(scores), truth, counts)


def _class_indices(name: str, scores: Tensor, targets: Tensor) -> Tensor:
    if targets.shape == scores.shape:
        return targets.argmax(dim=1).reshape(-1)
    places = (scores.shape[0], *scores.shape[2:])
    if tuple(targets.shape) not in (places, (places[0], 1, *places[1:])):
        raise ShapeError(
            f"metric {name!r} got outputs {tuple(scores.shape)} and targets "
            f"{tuple(targets.shape)}: targets must be class indices {places} "
            f"or one value a class {tuple(scores.shape)}"
        )
    return targets.reshape(-1).long()
