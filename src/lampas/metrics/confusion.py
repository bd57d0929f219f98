"""Confusion matrices: how often each class was taken for each."""

from typing import Any

import torch
from torch import Tensor

from lampas.metrics.base import Metric
from lampas.metrics.binary import cut, positive
from lampas.metrics.counts import check_classes, count_classes
from lampas.metrics.shapes import classes, same_shape
from lampas.metrics.sums import RunningSum


class ConfusionMatrix(Metric):
    """How often a row of class i (row) was answered j (column): (C, C) integers.

    The answer is the largest of the scores (N, C, d1, ...); targets and `ignore_index` as in
    `MulticlassAccuracy`. C is the number of outputs. A table of numbers is no column of a
    history: see `lampas.metrics.as_record`.
    Shape (0, 0) where nothing was seen. Raises `ShapeError` where the shapes do not fit,
    `DataError` at `compute` for a class index outside 0..C-1.

    >>> metric = ConfusionMatrix()
    >>> scores = torch.tensor([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.1, 0.7, 0.2]])
    >>> metric.update(scores, torch.tensor([0, 2, 1]))
    >>> metric.compute()
    tensor([[1, 0, 0],
            [0, 1, 0],
            [1, 0, 0]])
    """

    name = "confusion_matrix"

    def __init__(self, ignore_index: int | None = None) -> None:
        self._ignore_index = ignore_index
        self._sum = RunningSum()

    def reset(self) -> None:
        self._sum = RunningSum()

    def update(self, y_pred: Any, y_true: Any) -> None:
        fitted = classes(self.name, y_pred, y_true, self._ignore_index)
        size = fitted.scores.shape[1]
        inside = (fitted.truth >= 0) & (fitted.truth < size)
        cells = torch.where(inside, fitted.truth * size + fitted.scores.argmax(dim=1), -1)
        self._sum.add(count_classes(cells, size * size, fitted.counts))

    def compute(self) -> Tensor:
        counted = self._sum.value()
        if counted is None:
            return torch.zeros(0, 0, dtype=torch.long)
        size = round((counted.shape[0] - 1) ** 0.5)
        check_classes(self.name, size, int(counted[-1]))
        return counted[:-1].reshape(size, size)


class BinaryConfusionMatrix(Metric):
    """How often no (row 0) and yes (row 1) were answered no (column 0) and yes: (2, 2) integers.

    [[TN, FP], [FN, TP]] over all elements. Answers, shapes and errors as in `BinaryPrecision`.
    Zeros where nothing was seen.

    >>> metric = BinaryConfusionMatrix(from_logits=False)
    >>> metric.update(torch.tensor([0.9, 0.8, 0.1, 0.2]), torch.tensor([1, 0, 1, 1]))
    >>> metric.compute()
    tensor([[0, 1],
            [2, 1]])
    """

    name = "confusion_matrix"

    def __init__(self, *, from_logits: bool, threshold: float = 0.5) -> None:
        self._cut = cut(threshold, from_logits)
        self._sum = RunningSum()

    def reset(self) -> None:
        self._sum = RunningSum()

    def update(self, y_pred: Any, y_true: Any) -> None:
        outputs, targets = same_shape(self.name, y_pred, y_true)
        given, true = outputs > self._cut, positive(targets)
        cells = torch.stack([~given & ~true, given & ~true, ~given & true, given & true])
        self._sum.add(cells.flatten(1).sum(dim=1))

    def compute(self) -> Tensor:
        counted = self._sum.value()
        return torch.zeros(2, 2, dtype=torch.long) if counted is None else counted.reshape(2, 2)
