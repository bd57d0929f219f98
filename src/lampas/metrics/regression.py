"""Errors of plain values: MAE, MSE, RMSE, MAPE, SMAPE, R2."""

from typing import Any

import torch
from torch import Tensor

from lampas.errors import InputError
from lampas.metrics.averaged import Averaged, Terms
from lampas.metrics.base import Metric
from lampas.metrics.shapes import columns, same_shape
from lampas.metrics.sums import RunningSum, wide

_EPSILON = 1.17e-6


class MAE(Averaged):
    """Mean absolute error over all elements: mean |y_pred - y_true|, in the target's unit.

    Outputs and targets of one shape, (N,) and (N, 1) being the same; several outputs count
    alike. Raises `ShapeError` for other shapes.

    >>> metric = MAE()
    >>> metric.update(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0]))
    >>> metric.compute()
    tensor(1.5000, dtype=torch.float64)
    """

    name = "mae"

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        outputs, targets = _wide_pair(self.name, y_pred, y_true)
        return (outputs - targets).abs().sum(), outputs.numel()


class MSE(Averaged):
    """Mean squared error over all elements: mean (y_pred - y_true)², in the unit's square.

    Shapes and errors as in `MAE`.

    >>> metric = MSE()
    >>> metric.update(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0]))
    >>> metric.compute()
    tensor(2.5000, dtype=torch.float64)
    """

    name = "mse"

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        outputs, targets = _wide_pair(self.name, y_pred, y_true)
        return (outputs - targets).square().sum(), outputs.numel()


class RMSE(Metric):
    """Root of the mean squared error over all elements, in the target's unit.

    sqrt(mean (y_pred - y_true)²): the root is taken once, at the end; several outputs share one
    mean. Shapes and errors as in `MAE`.

    >>> metric = RMSE()
    >>> metric.update(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 6.0]))
    >>> metric.compute()
    tensor(3.5355, dtype=torch.float64)
    """

    name = "rmse"

    def __init__(self) -> None:
        self._mean = MSE()
        self._mean.name = self.name

    def reset(self) -> None:
        self._mean.reset()

    def update(self, y_pred: Any, y_true: Any) -> None:
        self._mean.update(y_pred, y_true)

    def compute(self) -> Tensor:
        return self._mean.compute().sqrt()


class MAPE(Averaged):
    """Mean absolute error relative to the target, as a fraction: 0.1 is 10 %.

    mean |y_pred - y_true| / max(|y_true|, epsilon) over all elements. Targets near 0 make it
    huge; `SMAPE` is bounded. Shapes and errors as in `MAE`; `InputError` unless epsilon > 0.

    >>> metric = MAPE()
    >>> metric.update(torch.tensor([1.0, 3.0]), torch.tensor([2.0, 4.0]))
    >>> metric.compute()
    tensor(0.3750, dtype=torch.float64)
    """

    name = "mape"

    def __init__(self, epsilon: float = _EPSILON) -> None:
        super().__init__()
        self._epsilon = _positive(epsilon)

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        outputs, targets = _wide_pair(self.name, y_pred, y_true)
        relative = (outputs - targets).abs() / targets.abs().clamp(min=self._epsilon)
        return relative.sum(), relative.numel()


class SMAPE(Averaged):
    """Mean absolute error relative to the mean of both sides, a fraction from 0 to 2.

    mean 2 |y_pred - y_true| / max(|y_true| + |y_pred|, epsilon) over all elements
    (Makridakis 1993, "Accuracy measures", Int. J. Forecasting 9(4), without the factor 100).
    Shapes and errors as in `MAE`; `InputError` unless epsilon > 0.

    >>> metric = SMAPE()
    >>> metric.update(torch.tensor([1.0, 0.0]), torch.tensor([3.0, 4.0]))
    >>> metric.compute()
    tensor(1.5000, dtype=torch.float64)
    """

    name = "smape"

    def __init__(self, epsilon: float = _EPSILON) -> None:
        super().__init__()
        self._epsilon = _positive(epsilon)

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        outputs, targets = _wide_pair(self.name, y_pred, y_true)
        size = (outputs.abs() + targets.abs()).clamp(min=self._epsilon)
        relative = 2 * (outputs - targets).abs() / size
        return relative.sum(), relative.numel()


class R2(Metric):
    """Coefficient of determination: 1 - sum (y_true - y_pred)² / sum (y_true - mean)².

    1 is perfect, 0 as good as always saying the mean, negative is worse. Several outputs (N, D)
    give the plain mean of their R2; with further dimensions, dimension 1 tells outputs apart.
    An output whose targets are all equal counts 1 where every prediction is exact and 0
    otherwise, as in scikit-learn. nan for less than two rows. Shapes and errors as in `MAE`.

    The spread around the mean is merged from batch to batch (Chan, Golub, LeVeque 1979,
    "Updating formulae and a pairwise algorithm for computing sample variances"), of targets
    less the first one: exact also where the mean is a million times the spread, where
    sum y² - N mean² keeps no digit.

    >>> metric = R2()
    >>> metric.update(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.0, 2.0, 3.0]))
    >>> metric.compute()
    tensor(0.5000, dtype=torch.float64)
    """

    name = "r2"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._rows = 0
        self._errors = RunningSum()
        self._origin: Tensor | None = None
        self._mean: Tensor | float = 0.0
        self._spread = RunningSum()

    def update(self, y_pred: Any, y_true: Any) -> None:
        outputs, targets = map(columns, _wide_pair(self.name, y_pred, y_true))
        rows = targets.shape[0]
        if rows == 0:
            return
        if self._origin is None:
            self._origin = targets[0]
        self._errors.add((targets - outputs).square().sum(dim=0))
        self._merge(targets - self._origin, rows)

    def compute(self) -> Tensor:
        errors, spread = self._errors.value(), self._spread.value()
        if errors is None or spread is None or self._rows < 2:
            return torch.tensor(torch.nan)
        constant = torch.where(errors == 0, 1.0, 0.0).to(errors.dtype)
        return torch.where(spread == 0, constant, 1 - errors / spread).mean()

    def _merge(self, targets: Tensor, rows: int) -> None:
        """Take rows (M, D) into the running mean and the sum of squares around it."""
        mean = targets.mean(dim=0)
        apart = mean - self._mean
        total = self._rows + rows
        self._spread.add((targets - mean).square().sum(dim=0))
        self._spread.add(apart.square() * (self._rows * rows / total))
        self._mean = self._mean + apart * (rows / total)
        self._rows = total


def _wide_pair(name: str, y_pred: Any, y_true: Any) -> tuple[Tensor, Tensor]:
    outputs, targets = same_shape(name, y_pred, y_true)
    return wide(outputs), wide(targets)


def _positive(epsilon: float) -> float:
    if not epsilon > 0:
        raise InputError(f"epsilon must be above 0, got {epsilon}")
    return epsilon
