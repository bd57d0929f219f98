"""One loss as an exact mean: the value to differentiate, and the count that it is a mean of.

A batch's loss is a mean over its samples, and batches differ: in size, in how many targets are
masked, in the sum of their weights. With value and count, an epoch's loss is the mean over all
samples of the epoch, whatever the batches:

    L = sum_b(value_b * count_b) / sum_b(count_b)
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lampas.data.spans import spans
from lampas.errors import DtypeError, ShapeError
from lampas.losses.ghm import GHMCLoss
from lampas.losses.kinds import SHOW_GAPS, recognise

Count = int | torch.Tensor
LossFunction = Callable[[Any, Any], torch.Tensor]


class Term:
    """The loss of one output.

    The count of a mean is the number of samples; the number of targets that are not
    `ignore_index`; the sum of the class weights of the targets; or the sum of the sample
    weights: the denominator that the loss itself divides by.
    """

    def __init__(self, name: str, function: LossFunction, weight: float = 1.0) -> None:
        self.name = name
        self.function = function
        self.weight = weight
        self.reduction: str = getattr(function, "reduction", "mean")
        # Of a module that nobody knows, only what it returns is believed: a mean over samples.
        known = recognise(function)
        self.ignore_index = known.ignore_index if known is not None and known.plain else None
        # GHM-C weighs each sample by the others of its batch.
        self.is_mean_of_rows = known is not None and known.plain and known.base is not GHMCLoss
        self.shows_gaps = known is not None and known.plain and known.base in SHOW_GAPS
        self.class_weight: torch.Tensor | None = _class_weight(function)
        self.may_ignore = self.ignore_index is not None
        self._each = _with_reduction(function, "none")
        self._sum = _with_reduction(function, "sum")

    def __call__(
        self, y_pred: Any, y_true: Any, weight: torch.Tensor | None, size: int
    ) -> tuple[torch.Tensor, Count]:
        """The value to differentiate, a 0-d tensor, and the count that it is a mean of."""
        if weight is not None:
            return self._weighted(y_pred, y_true, weight)
        count = size if self.ignore_index is None else self.count(y_true, None, size)
        if isinstance(count, int):
            value = self._tensor(self.function(y_pred, y_true))
            return (value.mean() if value.ndim else value), count
        total = self._sum(y_pred, y_true)
        return (total if self.reduction == "sum" else total / _positive(count)), count

    def count(self, y_true: Any, weight: torch.Tensor | None, size: int) -> Count:
        """The denominator of this term for one batch: a tensor where the targets decide it."""
        mass = self._mass(y_true)
        if mass is not None:
            return mass.sum() if weight is None else _dot(mass, weight)
        places = y_true.numel() // size if self._counts_places(y_true) else 1
        return size * places if weight is None else weight.sum() * places

    def _counts_places(self, y_true: Any) -> bool:
        """Whether the mean is over all targets of a sample, as over its words or pixels."""
        return self.ignore_index is not None and _is_classes(y_true)

    def _mass(self, y_true: Any) -> torch.Tensor | None:
        """What each target adds to the denominator, in the shape of the targets; None: 1 each."""
        if not self._counts_places(y_true):
            return None
        if self.class_weight is None or self.reduction == "sum":
            return (y_true != self.ignore_index).float() if self.may_ignore else None
        kept = y_true != self.ignore_index
        # An ignored target names no class: class 0 stands in, and counts for nothing.
        index = torch.where(kept, y_true, 0).clamp(0, len(self.class_weight) - 1)
        return self.class_weight[index] * kept

    def _weighted(
        self, y_pred: Any, y_true: Any, weight: torch.Tensor
    ) -> tuple[torch.Tensor, Count]:
        each = self._tensor(self._each(y_pred, y_true))
        if each.ndim == 0 or len(each) != len(weight):
            raise ShapeError(
                f"sample_weight and class_weight need the loss of each sample, but {self.name} "
                f"returns shape {tuple(each.shape)}: make it return one value a sample"
            )
        sums = self.reduction in ("sum", "batchmean") or self._counts_places(y_true)
        each = each.reshape(len(each), -1)
        total = _dot(each if sums else each.mean(1), weight)
        count = self.count(y_true, weight, len(weight))
        return (total if self.reduction == "sum" else total / _positive(count)), count

    def _tensor(self, value: Any) -> torch.Tensor:
        if not isinstance(value, torch.Tensor):
            raise DtypeError(
                f"{self.name} returned a {type(value).__name__}: a loss returns a tensor, from "
                "which gradients can be computed"
            )
        return value

    def expect(self, targets: list[Any]) -> None:
        """Learn from all targets of a fit whether any is masked: counting costs a little."""
        if self.ignore_index is not None:
            self.may_ignore = any(
                not isinstance(y_true, torch.Tensor) or _holds(y_true, self.ignore_index)
                for y_true in targets
            )

    def to(self, device: torch.device) -> None:
        """Move the loss's own tensors; the variants of it share them."""
        if isinstance(self.function, nn.Module):
            self.function.to(device)
            self.class_weight = _class_weight(self.function)
            self._each = _with_reduction(self.function, "none")
            self._sum = _with_reduction(self.function, "sum")


def _holds(y_true: torch.Tensor, value: int) -> bool:
    return any(bool((part == value).any()) for _, part in spans(y_true))


def _dot(each: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The weighted sum over samples of the sum of each sample's values."""
    return (each.reshape(len(each), -1).sum(1) * weight).sum()


def _positive(count: Count) -> Count:
    """A batch with nothing to count has loss 0, not 0 / 0."""
    if isinstance(count, torch.Tensor):
        return torch.where(count == 0, torch.ones_like(count), count)
    return count or 1


def _is_classes(y_true: Any) -> bool:
    return isinstance(y_true, torch.Tensor) and not y_true.is_floating_point()


def _class_weight(function: LossFunction) -> torch.Tensor | None:
    """The class weights that a mean divides by: torch does so for these two alone."""
    if isinstance(function, (nn.CrossEntropyLoss, nn.NLLLoss)):
        return function.weight
    return None


def _with_reduction(function: LossFunction, reduction: str) -> LossFunction:
    """The same loss with another reduction; a plain function stays as it is."""
    if not isinstance(function, nn.Module) or not hasattr(function, "reduction"):
        return function
    if function.reduction == reduction:
        return function
    twin: Any = copy.copy(function)  # shallow: the weights are shared
    twin.reduction = reduction
    return twin
