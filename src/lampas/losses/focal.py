"""Focal loss: cross-entropy that looks away from what is easy."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lampas.errors import InputError, ShapeError
from lampas.losses.reduction import checked_reduction, reduce


def _checked_gamma(gamma: float) -> float:
    if not gamma >= 0:
        raise InputError(f"gamma is {gamma!r}: it must be 0 (plain cross-entropy) or more")
    return float(gamma)


class BinaryFocalLoss(nn.Module):
    """Focal loss of yes/no outputs (Lin et al. 2017, "Focal Loss for Dense Object Detection").

        p = sigmoid(z)
        l(z, y) = -alpha * y * (1 - p)^gamma * log(p) - (1 - alpha) * (1 - y) * p^gamma * log(1 - p)

    Outputs z: logits, any shape, floats. Targets y: the same shape, floats in [0, 1]. A target
    between 0 and 1 mixes the two terms; the paper has hard targets only.

    `gamma`: how fast easy samples fade; 0 gives cross-entropy.
    `alpha`: the weight of "yes", in [0, 1], `1 - alpha` being that of "no"; None weighs both 1.
    The defaults are the paper's.
    `reduction`: "mean" over all elements (the paper divides by the number of "yes" anchors),
    "sum" or "none".

    Raises `InputError` for an `alpha` or `gamma` out of range, `UnknownNameError` for an
    unknown `reduction`, `ShapeError` where the shapes differ.

    >>> loss = BinaryFocalLoss(alpha=None, gamma=2.0)
    >>> loss(torch.tensor([0.0]), torch.tensor([1.0]))  # 0.5^2 * log(2)
    tensor(0.1733)
    """

    def __init__(
        self, alpha: float | None = 0.25, gamma: float = 2.0, reduction: str = "mean"
    ) -> None:
        super().__init__()
        if alpha is not None and not 0 <= alpha <= 1:
            raise InputError(f"alpha is {alpha!r}: it must lie in [0, 1], or be None")
        self.alpha = alpha
        self.gamma = _checked_gamma(gamma)
        self.reduction = checked_reduction(reduction)

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        """The loss of logits and targets of one shape."""
        if y_pred.shape != y_true.shape:
            raise ShapeError(
                f"BinaryFocalLoss compares element by element: outputs {tuple(y_pred.shape)}, "
                f"targets {tuple(y_true.shape)}"
            )
        # -log(p) and -log(1 - p), which stay exact where p rounds to 0 or 1.
        yes, no = F.softplus(-y_pred), F.softplus(y_pred)
        yes, no = torch.exp(-self.gamma * no) * yes, torch.exp(-self.gamma * yes) * no
        if self.alpha is not None:
            yes, no = self.alpha * yes, (1 - self.alpha) * no
        return reduce(y_true * yes + (1 - y_true) * no, self.reduction)


class FocalLoss(nn.Module):
    """Focal loss of one class out of several (Lin et al. 2017, section 3, with softmax).

        p = softmax(z)[y]
        l(z, y) = -alpha[y] * (1 - p)^gamma * log(p)

    Outputs z: logits (N, C) or (N, C, d1, ...), floats. Targets y: class indices (N) or
    (N, d1, ...), int64.

    `gamma`: how fast easy samples fade; 0 gives cross-entropy.
    `alpha`: one weight a class, (C,), see `lampas.losses.balanced_weights`; None weighs all 1.
    `ignore_index`: the target whose loss is 0 and which "mean" does not count.
    `reduction`: "mean" over the targets that are kept, "sum" or "none". `alpha` scales the
    terms and is no part of that mean, whereas torch's `CrossEntropyLoss(weight=)` divides by
    the sum of the weights: with `alpha` and gamma 0 the two are proportional, not equal.

    Raises `InputError` for `gamma` out of range, `UnknownNameError` for an unknown `reduction`,
    `ShapeError` where `alpha` or the targets do not fit the outputs.

    >>> loss = FocalLoss(gamma=2.0)
    >>> loss(torch.zeros(1, 2), torch.tensor([1]))  # 0.5^2 * log(2)
    tensor(0.1733)
    """

    alpha: Tensor | None

    def __init__(
        self,
        alpha: Tensor | Sequence[float] | None = None,
        gamma: float = 2.0,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        weights = None if alpha is None else torch.as_tensor(alpha, dtype=torch.float32)
        self.register_buffer("alpha", weights)
        self.gamma = _checked_gamma(gamma)
        self.ignore_index = ignore_index
        self.reduction = checked_reduction(reduction)

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        """The loss of logits (N, C, ...) and class indices (N, ...)."""
        self._check(y_pred, y_true)
        kept = y_true != self.ignore_index
        # An ignored target names no class: class 0 stands in, and counts for nothing.
        index = torch.where(kept, y_true, 0).long()
        log_p = F.log_softmax(y_pred, dim=1).gather(1, index.unsqueeze(1)).squeeze(1)
        entropy = torch.where(kept, -log_p, 0.0)
        # 1 - p without cancellation. At p = 1 a power below 1 has an infinite slope: the floor
        # makes it 0, which is the limit of the whole term.
        rest = (-torch.expm1(-entropy)).clamp(min=torch.finfo(entropy.dtype).tiny)
        each = rest**self.gamma * entropy
        if self.alpha is not None:
            each = self.alpha.to(each.dtype)[index] * each
        return reduce(each, self.reduction, kept)

    def _check(self, y_pred: Tensor, y_true: Tensor) -> None:
        if y_pred.ndim < 2 or y_true.shape != (y_pred.shape[0], *y_pred.shape[2:]):
            raise ShapeError(
                "FocalLoss reads scores (N, C, ...) and class indices (N, ...): outputs "
                f"{tuple(y_pred.shape)}, targets {tuple(y_true.shape)}"
            )
        if self.alpha is not None and self.alpha.shape != y_pred.shape[1:2]:
            raise ShapeError(
                f"alpha of FocalLoss has shape {tuple(self.alpha.shape)}: the model returns "
                f"{y_pred.shape[1]} classes, so it must be ({y_pred.shape[1]},)"
            )
