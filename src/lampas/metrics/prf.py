"""Precision, recall and F1: counts of right, given and true answers, and their ratios."""

from abc import abstractmethod
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from lampas.errors import InputError
from lampas.metrics.base import Metric
from lampas.metrics.binary import cut, positive
from lampas.metrics.counts import check_classes, count_classes
from lampas.metrics.shapes import classes, same_shape
from lampas.metrics.sums import RunningSum, wide

Average = Literal["macro", "micro", "weighted"]
"""How the classes' numbers become one; None in its place keeps one number a class."""


class Counts(NamedTuple):
    """How often each class was answered rightly, answered, and true: tensors of one shape."""

    right: Tensor
    given: Tensor
    true: Tensor


def precision(counts: Counts) -> Tensor:
    """right / given: of the answers given, the share that is right; 0 where none was given."""
    return _ratio(counts.right, counts.given)


def recall(counts: Counts) -> Tensor:
    """right / true: of what is true, the share that was found; 0 where nothing is."""
    return _ratio(counts.right, counts.true)


def f1(counts: Counts) -> Tensor:
    """2 right / (given + true): the harmonic mean of precision and recall; 0 where both are."""
    return _ratio(2 * counts.right, counts.given + counts.true)


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    return wide(part) / whole.clamp(min=1)


class _BinaryRatio(Metric):
    """A ratio of the counts of yes answers, over all elements."""

    def __init__(self, *, from_logits: bool, threshold: float = 0.5) -> None:
        self._cut = cut(threshold, from_logits)
        self._sum = RunningSum()

    def reset(self) -> None:
        self._sum = RunningSum()

    def update(self, y_pred: Any, y_true: Any) -> None:
        outputs, targets = same_shape(self.name, y_pred, y_true)
        given, true = outputs > self._cut, positive(targets)
        self._sum.add(torch.stack([(given & true).sum(), given.sum(), true.sum()]))

    def compute(self) -> Tensor:
        counts = self._sum.value()
        return torch.tensor(torch.nan) if counts is None else self._ratio(Counts(*counts))

    @abstractmethod
    def _ratio(self, counts: Counts) -> Tensor: ...


class BinaryPrecision(_BinaryRatio):
    """Of the elements answered yes, the share that is yes: TP / (TP + FP); 0 where none was.

    An answer is yes where p > threshold, p = sigmoid(y_pred) for logits. Outputs and targets
    (N,), (N, 1) or (N, C, ...): several labels count together (micro average). Raises
    `ShapeError` where the shapes do not fit, `InputError` for a threshold outside (0, 1).

    >>> metric = BinaryPrecision(from_logits=False)
    >>> metric.update(torch.tensor([0.9, 0.8, 0.1, 0.2]), torch.tensor([1, 0, 1, 1]))
    >>> metric.compute()
    tensor(0.5000, dtype=torch.float64)
    """

    name = "precision"

    def _ratio(self, counts: Counts) -> Tensor:
        return precision(counts)


class BinaryRecall(_BinaryRatio):
    """Of the elements that are yes, the share answered yes: TP / (TP + FN); 0 where none is.

    Answers, shapes and errors as in `BinaryPrecision`.

    >>> metric = BinaryRecall(from_logits=False)
    >>> metric.update(torch.tensor([0.9, 0.8, 0.1, 0.2]), torch.tensor([1, 0, 1, 1]))
    >>> metric.compute()
    tensor(0.3333, dtype=torch.float64)
    """

    name = "recall"

    def _ratio(self, counts: Counts) -> Tensor:
        return recall(counts)


class BinaryF1(_BinaryRatio):
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN); 0 where TP is 0.

    van Rijsbergen, Information Retrieval, 2nd ed. 1979, ch. 7 (one less his E, alpha = 1/2).
    Answers, shapes and errors as in `BinaryPrecision`.

    >>> metric = BinaryF1(from_logits=False)
    >>> metric.update(torch.tensor([0.9, 0.8, 0.1, 0.2]), torch.tensor([1, 0, 1, 1]))
    >>> metric.compute()
    tensor(0.4000, dtype=torch.float64)
    """

    name = "f1"

    def _ratio(self, counts: Counts) -> Tensor:
        return f1(counts)


class _MulticlassRatio(Metric):
    """A ratio of each class's counts, and their average."""

    def __init__(self, average: Average | None = "macro", ignore_index: int | None = None) -> None:
        if average is not None and average not in get_args(Average):
            valid = ", ".join(map(repr, get_args(Average)))
            raise InputError(f"average must be one of {valid} or None, got {average!r}")
        self._average: Average | None = average
        self._ignore_index = ignore_index
        self._sum = RunningSum()

    def reset(self) -> None:
        self._sum = RunningSum()

    def update(self, y_pred: Any, y_true: Any) -> None:
        fitted = classes(self.name, y_pred, y_true, self._ignore_index)
        given = fitted.scores.argmax(dim=1)
        size = fitted.scores.shape[1]
        right = given == fitted.truth
        counted = right if fitted.counts is None else right & fitted.counts
        self._sum.add(
            torch.stack(
                [
                    count_classes(given, size, counted),
                    count_classes(given, size, fitted.counts),
                    count_classes(fitted.truth, size, fitted.counts),
                ]
            )
        )

    def compute(self) -> Tensor:
        counts = self._sum.value()
        if counts is None:
            return torch.zeros(0) if self._average is None else torch.tensor(torch.nan)
        check_classes(self.name, counts.shape[1] - 1, int(counts[2, -1]))
        return self._averaged(Counts(*counts[:, :-1]))

    def _averaged(self, counts: Counts) -> Tensor:
        if self._average == "micro":
            total = Counts(*(count.sum() for count in counts))
            return torch.where(total.given > 0, self._ratio(total), torch.nan)
        values = self._ratio(counts)
        if self._average is None:
            return values
        met = counts.given + counts.true > 0
        weights = counts.true if self._average == "weighted" else met
        return (values * weights).sum() / weights.sum()

    @abstractmethod
    def _ratio(self, counts: Counts) -> Tensor: ...


class MulticlassPrecision(_MulticlassRatio):
    """Of the rows answered c, the share whose class is c; 0 for a class never answered.

    The answer is the largest of the scores (N, C, d1, ...); targets and `ignore_index` as in
    `MulticlassAccuracy`. `average`:
        "macro": mean over the classes that occur among answers or targets;
        "micro": all classes counted together (each row has one class, so this is accuracy);
        "weighted": mean over classes weighted by how many targets they have;
        None: one number a class, a tensor (C,).
    nan where nothing was seen. Raises `ShapeError` where the shapes do not fit, `DataError`
    at `compute` for a class index outside 0..C-1, `InputError` for an unknown average.

    >>> metric = MulticlassPrecision(average=None)
    >>> scores = torch.tensor([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.1, 0.7, 0.2]])
    >>> metric.update(scores, torch.tensor([0, 2, 1]))
    >>> metric.compute()
    tensor([0.5000, 1.0000, 0.0000], dtype=torch.float64)
    """

    name = "precision"

    def _ratio(self, counts: Counts) -> Tensor:
        return precision(counts)


class MulticlassRecall(_MulticlassRatio):
    """Of the rows whose class is c, the share answered c; 0 for a class without targets.

    Shapes, averages and errors as in `MulticlassPrecision`.

    >>> metric = MulticlassRecall()
    >>> scores = torch.tensor([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.1, 0.7, 0.2]])
    >>> metric.update(scores, torch.tensor([0, 2, 1]))
    >>> metric.compute()
    tensor(0.6667, dtype=torch.float64)
    """

    name = "recall"

    def _ratio(self, counts: Counts) -> Tensor:
        return recall(counts)


class MulticlassF1(_MulticlassRatio):
    """Harmonic mean of each class's precision and recall: 2 right / (given + true).

    The macro average is the mean of the classes' F1, not the F1 of mean precision and recall.
    Shapes, averages and errors as in `MulticlassPrecision`.

    >>> metric = MulticlassF1()
    >>> scores = torch.tensor([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.1, 0.7, 0.2]])
    >>> metric.update(scores, torch.tensor([0, 2, 1]))
    >>> metric.compute()
    tensor(0.5556, dtype=torch.float64)
    """

    name = "f1"

    def _ratio(self, counts: Counts) -> Tensor:
        return f1(counts)
