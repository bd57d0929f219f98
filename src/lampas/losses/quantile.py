"""Quantile loss: the outputs become quantiles of the target, not its mean."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from lampas.errors import InputError, ShapeError
from lampas.losses.reduction import checked_reduction, reduce


def checked_quantiles(quantiles: Sequence[float]) -> tuple[float, ...]:
    """`quantiles` as floats; `InputError` unless they rise strictly within (0, 1).

    >>> checked_quantiles((0.9, 0.1))
    Traceback (most recent call last):
    lampas.errors.InputError: quantiles are (0.9, 0.1): they must rise, between 0 and 1
    """
    levels = tuple(float(level) for level in quantiles)
    edges = (0.0, *levels, 1.0)
    if not levels or not all(a < b for a, b in pairwise(edges)):
        raise InputError(f"quantiles are {levels}: they must rise, between 0 and 1")
    return levels


class QuantileLoss(nn.Module):
    """The pinball loss (Koenker & Bassett 1978, "Regression Quantiles", Econometrica 46).

        l(q, y) = max(t * (y - q), (t - 1) * (y - q)),   summed to a mean over the Q levels t

    Its minimum over q is the quantile of y at level t. Outputs q: floats (N, ..., Q), the last
    dimension in the order of `quantiles`. Targets y: floats (N, ...). With one level the
    outputs may also have the targets' shape; at level 0.5 the loss is half the absolute error.

    `quantiles`: the Q levels, rising, each in (0, 1).
    `reduction`: "mean" and "sum" over targets, "none": one value a target (N, ...).

    Raises `InputError` for levels out of order, `UnknownNameError` for an unknown `reduction`,
    `ShapeError` where the shapes do not fit.

    >>> loss = QuantileLoss((0.1, 0.5, 0.9))
    >>> loss(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([2.0]))  # (0.1 + 0 + 0.1) / 3
    tensor(0.0667)
    """

    levels: Tensor

    def __init__(
        self, quantiles: Sequence[float] = (0.1, 0.5, 0.9), reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.quantiles = checked_quantiles(quantiles)
        self.register_buffer("levels", torch.tensor(self.quantiles), persistent=False)
        self.reduction = checked_reduction(reduction)

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        """The loss of outputs (N, ..., Q) and targets (N, ...)."""
        if len(self.quantiles) == 1 and y_pred.shape == y_true.shape:
            y_pred = y_pred.unsqueeze(-1)
        wanted = (*y_true.shape, len(self.quantiles))
        if tuple(y_pred.shape) != wanted:
            raise ShapeError(
                f"QuantileLoss reads {len(self.quantiles)} quantiles a target: outputs {wanted} "
                f"for targets {tuple(y_true.shape)}, not {tuple(y_pred.shape)}"
            )
        over = y_true.unsqueeze(-1) - y_pred
        levels = self.levels.to(over.dtype)
        return reduce(torch.maximum(levels * over, (levels - 1) * over).mean(-1), self.reduction)
