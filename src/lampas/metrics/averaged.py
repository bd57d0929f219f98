"""Metrics that are a mean over terms: a sum and a count, divided once at the end."""

from abc import abstractmethod
from typing import Any, final

from torch import Tensor

from lampas.metrics.base import Metric
from lampas.metrics.sums import RunningMean

Terms = tuple[Tensor, Tensor | int]
"""The sum of some terms, a 0-d tensor on the device, and how many they are."""


class Averaged(Metric):
    """The mean of terms over all rows, exact whatever the batches: subclass it and say `terms`.

    `terms` gets some rows and gives the sum of their terms and the number of terms. It must not
    wait for the device. `compute` is the mean, a 0-d tensor; nan where nothing was seen.

    >>> import torch
    >>> class WithinTen(Averaged):
    ...     name = "within_ten"
    ...     def terms(self, y_pred, y_true):
    ...         close = (y_pred - y_true).abs() < 10
    ...         return close.sum(), close.numel()
    >>> metric = WithinTen()
    >>> metric.update(torch.tensor([1.0, 2.0]), torch.tensor([5.0, 50.0]))
    >>> metric.compute()
    tensor(0.5000, dtype=torch.float64)
    """

    def __init__(self) -> None:
        self._mean = RunningMean()

    @abstractmethod
    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        """The sum of the terms of some rows, and how many they are."""

    @final
    def reset(self) -> None:
        self._mean = RunningMean()

    @final
    def update(self, y_pred: Any, y_true: Any) -> None:
        self._mean.add(*self.terms(y_pred, y_true))

    @final
    def compute(self) -> Tensor:
        return self._mean.value()
