"""Plain functions (y_pred, y_true) as metrics: on the whole epoch, or averaged over batches."""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from lampas.argument_order import prediction_first
from lampas.data.nest import leaves, map_leaves
from lampas.errors import InputError, ShapeError
from lampas.metrics.base import Metric
from lampas.metrics.names import name_of
from lampas.metrics.numbers import as_number, described, is_number
from lampas.metrics.rows import Rows
from lampas.metrics.sums import wide

Function = Callable[[Any, Any], Any]
"""(y_pred, y_true) -> a float, a NumPy scalar, or a tensor or array of one element. A function
whose parameters are named the other way round, as scikit-learn's, is called the other way round."""


class Whole(Metric):
    """A function called once, on all rows of the epoch: exact for every function.

    What a plain function passed as a metric becomes. `fn(y_pred, y_true)` gets CPU tensors (or
    tuples and dicts of them, where the net has several outputs) with all rows of the epoch, so
    that what cannot be averaged over batches, as most of scikit-learn's scores, is right.

    All rows are kept on their device until `reset`, with a warning past 1 GB; `Mean` keeps only
    a sum. Raises `ShapeError` where batches differ behind the first dimension (padded
    sequences), and at `compute` `InputError` where `fn` gives anything but one number.
    `compute` is a 0-d float64 tensor on the CPU; nan where nothing was seen.

    >>> def spread(y_pred, y_true):
    ...     return (y_pred - y_true).std().item()
    >>> metric = Whole(spread)
    >>> metric.update(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
    >>> metric.update(torch.tensor([4.0]), torch.tensor([2.0]))
    >>> metric.name, metric.compute()
    ('spread', tensor(1., dtype=torch.float64))
    """

    running: ClassVar[bool] = False

    def __init__(self, fn: Function, name: str | None = None) -> None:
        self.name = name_of(fn) if name is None else name
        self._fn = prediction_first(_checked(fn))
        self._rows = Rows(
            self.name, f": lampas.metrics.Mean({name_of(fn)}) averages batch by batch instead"
        )

    def reset(self) -> None:
        self._rows.clear()

    def update(self, y_pred: Any, y_true: Any) -> None:
        self._rows.add(y_pred, y_true)

    def compute(self) -> Tensor:
        joined = self._rows.joined()
        if joined is None:
            return torch.tensor(math.nan, dtype=torch.float64)
        outputs, targets = (map_leaves(lambda leaf: leaf.cpu(), nest) for nest in joined)
        value = as_number(self._fn(outputs, targets), self.name)
        return torch.tensor(value, dtype=torch.float64)


class Mean(Metric):
    """A function that is itself a mean over samples, averaged batch by batch.

    sum over batches of n_b fn(y_pred_b, y_true_b) / sum of n_b, n_b the rows of a batch: exact
    for a function that is a mean over rows, and only near for any other (a ratio, a root, a
    rank), which `Whole` gets right. `fn` gets the detached tensors of a batch on their device;
    a tensor as its answer costs no wait. `compute` is a 0-d tensor; nan where nothing was seen.
    Raises `InputError` where `fn` gives anything but one number, `ShapeError` where an output
    has no rows to count.

    >>> def mean_miss(y_pred, y_true):
    ...     return (y_pred - y_true).abs().mean()
    >>> metric = Mean(mean_miss)
    >>> metric.update(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
    >>> metric.update(torch.tensor([4.0]), torch.tensor([2.0]))
    >>> metric.compute()
    tensor(1., dtype=torch.float64)
    """

    per_batch: ClassVar[bool] = True

    def __init__(self, fn: Function, name: str | None = None) -> None:
        self.name = name_of(fn) if name is None else name
        self._fn = prediction_first(_checked(fn))
        self.reset()

    def reset(self) -> None:
        self._sum: Tensor | float = 0.0
        self._count = 0

    def update(self, y_pred: Any, y_true: Any) -> None:
        rows = _count_rows(self.name, y_pred)
        if rows == 0:
            return
        value = self._fn(_detached(y_pred), _detached(y_true))
        self._sum = self._sum + _term(value, self.name) * rows
        self._count += rows

    def compute(self) -> Tensor:
        mean = self._sum / self._count if self._count else math.nan
        return mean if isinstance(mean, Tensor) else torch.tensor(mean, dtype=torch.float64)


def _checked(fn: Function) -> Function:
    if isinstance(fn, type) or not callable(fn):
        raise InputError(
            f"a metric function takes (y_pred, y_true), got {_said(fn)}: pass the function itself"
        )
    return fn


def _said(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else described(value)


def _count_rows(name: str, y_pred: Any) -> int:
    for leaf in leaves(y_pred):
        if isinstance(leaf, Tensor) and leaf.ndim > 0:
            return leaf.shape[0]
    raise ShapeError(f"metric {name!r} finds no tensor with rows in the output")


def _detached(nest: Any) -> Any:
    return map_leaves(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, nest)


def _term(value: Any, name: str) -> Tensor | float:
    """One number, left on its device where it is a tensor."""
    if isinstance(value, Tensor) and is_number(value):
        return wide(value.detach().reshape(()))
    return as_number(value, name)
