"""Accuracy: the share of answers that are right."""

from typing import Any

import torch
from torch import Tensor

from lampas.errors import InputError, ShapeError
from lampas.metrics.averaged import Averaged, Terms
from lampas.metrics.binary import cut, positive
from lampas.metrics.shapes import Classes, classes, same_shape


class BinaryAccuracy(Averaged):
    """Share of yes/no outputs on the right side of the threshold; each element is one answer.

    mean over all elements of [(p > threshold) == (y > 0.5)], p = sigmoid(y_pred) for logits.

    Outputs (N,), (N, 1) or (N, C, ...), targets likewise, of any dtype. On several columns this
    is `MultilabelAccuracy`. Raises `ShapeError` where the shapes do not fit, `InputError` for a
    threshold outside (0, 1).

    >>> accuracy = BinaryAccuracy(from_logits=True)
    >>> accuracy.update(torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1, 0, 0]))
    >>> accuracy.compute()
    tensor(0.6667, dtype=torch.float64)
    """

    name = "accuracy"

    def __init__(self, *, from_logits: bool, threshold: float = 0.5) -> None:
        super().__init__()
        self._cut = cut(threshold, from_logits)

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        outputs, targets = same_shape(self.name, y_pred, y_true)
        right = (outputs > self._cut) == positive(targets)
        return right.sum(), right.numel()


class MultilabelAccuracy(Averaged):
    """Share of single labels that are right: (row, label) pairs, one less the Hamming loss.

    mean over rows and labels of [(p > threshold) == (y > 0.5)]. A row with 9 of its 10 labels
    right counts 0.9 here and 0 in `MultilabelExactMatch`.

    Outputs and targets (N, L, ...) with L labels. Raises `ShapeError` where the shapes do not
    fit, `InputError` for a threshold outside (0, 1).

    >>> accuracy = MultilabelAccuracy(from_logits=False)
    >>> accuracy.update(torch.tensor([[0.9, 0.9], [0.9, 0.2]]), torch.tensor([[1, 0], [1, 0]]))
    >>> accuracy.compute()
    tensor(0.7500, dtype=torch.float64)
    """

    name = "accuracy"

    def __init__(self, *, from_logits: bool, threshold: float = 0.5) -> None:
        super().__init__()
        self._cut = cut(threshold, from_logits)

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        right = _labels_right(self.name, y_pred, y_true, self._cut)
        return right.sum(), right.numel()


class MultilabelExactMatch(Averaged):
    """Share of rows whose labels are all right (subset accuracy).

    mean over rows of min over labels of [(p > threshold) == (y > 0.5)].

    Outputs and targets (N, L, ...) with L labels; with further dimensions each place is a row.
    Raises `ShapeError` where the shapes do not fit, `InputError` for a threshold outside (0, 1).

    >>> match = MultilabelExactMatch(from_logits=False)
    >>> match.update(torch.tensor([[0.9, 0.9], [0.9, 0.2]]), torch.tensor([[1, 0], [1, 0]]))
    >>> match.compute()
    tensor(0.5000, dtype=torch.float64)
    """

    name = "exact_match"

    def __init__(self, *, from_logits: bool, threshold: float = 0.5) -> None:
        super().__init__()
        self._cut = cut(threshold, from_logits)

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        right = _labels_right(self.name, y_pred, y_true, self._cut).all(dim=1)
        return right.sum(), right.numel()


class MulticlassAccuracy(Averaged):
    """Share of rows whose largest score is the target's class; the first of equal ones.

    mean over rows of [argmax_c y_pred[c] == y]; logits, probabilities and log-probabilities
    give the same answer, so the scale does not matter.

    Outputs (N, C, d1, ...), targets class indices (N, d1, ...) or (N, 1), or one value a class
    (N, C, d1, ...). Rows whose target is `ignore_index` count for nothing. Raises `ShapeError`
    where the shapes do not fit.

    >>> accuracy = MulticlassAccuracy()
    >>> accuracy.update(torch.tensor([[0.1, 2.0, 0.3], [0.2, 0.1, 0.0]]), torch.tensor([1, 2]))
    >>> accuracy.compute()
    tensor(0.5000, dtype=torch.float64)
    """

    name = "accuracy"

    def __init__(self, ignore_index: int | None = None) -> None:
        super().__init__()
        self._ignore_index = ignore_index

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        fitted = classes(self.name, y_pred, y_true, self._ignore_index)
        right = fitted.scores.argmax(dim=1) == fitted.truth
        return _counted(right, fitted)


class TopKAccuracy(Averaged):
    """Share of rows whose target is among the `k` largest scores.

    mean over rows of [rank of y_pred[y] <= k]; of equal scores the lower class comes first, and
    a target whose score is nan is never found.

    Shapes and `ignore_index` as in `MulticlassAccuracy`. Raises `InputError` for k < 1, and
    `ShapeError` where k is no less than the number of classes, so that every answer is right.

    >>> accuracy = TopKAccuracy(2)
    >>> accuracy.update(torch.tensor([[0.1, 2.0, 0.3], [0.2, 0.1, 0.0]]), torch.tensor([2, 2]))
    >>> accuracy.compute()
    tensor(0.5000, dtype=torch.float64)
    """

    def __init__(self, k: int, ignore_index: int | None = None) -> None:
        super().__init__()
        if k < 1:
            raise InputError(f"top-k accuracy needs k of 1 or more, got {k}")
        self.name = f"top_{k}_accuracy"
        self._k = k
        self._ignore_index = ignore_index

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        fitted = classes(self.name, y_pred, y_true, self._ignore_index)
        if self._k >= fitted.scores.shape[1]:
            raise ShapeError(
                f"metric {self.name!r} is always 1 for {fitted.scores.shape[1]} classes: "
                "choose a k below the number of classes"
            )
        return _counted(_rank(fitted) < self._k, fitted)


def _labels_right(name: str, y_pred: Any, y_true: Any, line: float) -> Tensor:
    """(M, L) booleans: which labels are right."""
    outputs, targets = same_shape(name, y_pred, y_true)
    if outputs.ndim < 2:
        raise ShapeError(
            f"metric {name!r} takes one output a label, outputs (N, L), "
            f"got {tuple(outputs.shape)}: a single yes/no output has BinaryAccuracy"
        )
    right = (outputs > line) == positive(targets)
    return right.movedim(1, -1).reshape(-1, right.shape[1])


def _counted(right: Tensor, fitted: Classes) -> Terms:
    if fitted.counts is None:
        return right.sum(), right.numel()
    return (right & fitted.counts).sum(), fitted.counts.sum()


def _rank(fitted: Classes) -> Tensor:
    """(M,) how many classes come before the target's.

    Comparing is as cheap as a partial sort, and says the same of equal scores on every device.
    """
    scores = fitted.scores
    count = scores.shape[1]
    inside = (fitted.truth >= 0) & (fitted.truth < count)
    truth = fitted.truth.clamp(0, count - 1).unsqueeze(1)
    own = scores.gather(1, truth)
    index = torch.arange(count, device=scores.device)
    before = ~(scores <= own) | ((scores == own) & (index < truth))
    return torch.where(inside, before.sum(dim=1), count)
