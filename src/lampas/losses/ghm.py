"""GHM-C: cross-entropy that gives every length of gradient the same say."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lampas.errors import InputError, ShapeError
from lampas.losses.reduction import checked_reduction, reduce

RARE = 1e-4
"""A running share below this is a bin that training has left: one sample of an evaluation that
falls into it would outweigh all others."""


class GHMCLoss(nn.Module):
    """Gradient-harmonised yes/no loss (Li, Liu and Wang 2019, "Gradient Harmonized
    Single-stage Detector").

    The length of a sample's gradient, g = |sigmoid(z) - y|, falls into one of M equal bins over
    [0, 1]; r[j] is the share of the samples in bin j, and m the number of bins with any sample:

        beta = 1 / (r[bin(g)] * m)
        l(z, y) = beta * bce(z, y)

    So the many easy samples and the outliers count no more than the rest. beta is taken as a
    constant by the gradient. We differ from the paper in m: it divides by M, which makes the
    loss smaller the fewer bins are in use; with m the weights of a batch average to 1.

    Outputs z: logits, any shape, floats. Targets y: the same shape, floats in [0, 1].
    `bins`: M, at least 1; 1 gives plain cross-entropy.
    `momentum`: in [0, 1). 0 takes the shares from each batch alone. Otherwise they are a
    running mean, `momentum * old + (1 - momentum) * new` (equation 12 of the paper), corrected
    for its start at zero; it moves only in training mode and where gradients are recorded, so
    evaluation reads the shares that training left, where a bin below `RARE` has no say: beta
    is 1 there. Before the first step the shares are the batch's.
    `reduction`: "mean" over all elements, "sum" or "none".

    The weights depend on the batch, so with momentum 0 the loss of an evaluation depends on
    how it is cut into batches. Nothing waits for the device.

    Raises `InputError` for `bins` or `momentum` out of range, `UnknownNameError` for an unknown
    `reduction`, `ShapeError` where the shapes differ.

    >>> loss = GHMCLoss(bins=2, reduction="none")
    >>> loss(torch.tensor([3.0, 3.0, 3.0, -3.0]), torch.ones(4))  # three easy, one hard
    tensor([0.0324, 0.0324, 0.0324, 6.0972])
    """

    shares: Tensor
    steps: Tensor

    def __init__(self, bins: int = 10, momentum: float = 0.0, reduction: str = "mean") -> None:
        super().__init__()
        if bins < 1:
            raise InputError(f"bins is {bins!r}: it must be 1 or more")
        if not 0 <= momentum < 1:
            raise InputError(f"momentum is {momentum!r}: it must lie in [0, 1)")
        self.bins = bins
        self.momentum = momentum
        self.reduction = checked_reduction(reduction)
        self.register_buffer("shares", torch.zeros(bins))
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        """The loss of logits and targets of one shape."""
        if y_pred.shape != y_true.shape:
            raise ShapeError(
                f"GHMCLoss compares element by element: outputs {tuple(y_pred.shape)}, "
                f"targets {tuple(y_true.shape)}"
            )
        bce = F.binary_cross_entropy_with_logits(y_pred, y_true, reduction="none")
        return reduce(self._beta(y_pred, y_true) * bce, self.reduction)

    @torch.no_grad()
    def _beta(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        """The weight of each element, a constant for the gradient."""
        index = self._bin(y_pred, y_true)
        shares = self._smoothed(_shares(index, self.bins), learns=y_pred.requires_grad)
        used = (shares > 0).sum()
        beta = torch.where(shares > 0, 1 / (shares * used), 1.0)
        return beta.to(y_pred.dtype)[index]

    def _bin(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        length = (y_pred.sigmoid() - y_true).abs()
        # The clamp also keeps nan, whose integer may be anything, from indexing out of bounds.
        return (length * self.bins).long().clamp(0, self.bins - 1)

    def _smoothed(self, shares: Tensor, learns: bool) -> Tensor:
        if self.momentum == 0:
            return shares
        if self.training and learns:
            self.shares.lerp_(shares, 1 - self.momentum)
            self.steps += 1
        corrected = self.shares / (1 - self.momentum**self.steps)
        if not learns:
            corrected = torch.where(corrected < RARE, 0.0, corrected)
        return torch.where(self.steps == 0, shares, corrected)


def _shares(index: Tensor, bins: int) -> Tensor:
    """The share of each bin. Counted in integers: float32 stops counting at 2^24."""
    flat = index.flatten()
    counts = torch.zeros(bins, dtype=torch.int64, device=index.device)
    counts.index_add_(0, flat, torch.ones_like(flat))
    return counts.float() / max(1, flat.numel())
