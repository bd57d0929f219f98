"""Label smoothing for the yes/no loss, which torch gives to CrossEntropyLoss alone."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lampas.errors import InputError
from lampas.losses.reduction import checked_reduction


class SmoothedBCEWithLogitsLoss(nn.Module):
    """`BCEWithLogitsLoss` with smoothed labels.

        y' = y * (1 - s) + s / 2
        l(z, y) = -weight * (pos_weight * y' * log(sigmoid(z)) + (1 - y') * log(1 - sigmoid(z)))

    Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision", section 7,
    for two classes with a uniform prior: each label gives the share s to both answers alike.

    Outputs z: logits, any shape, floats. Targets y: the same shape, floats in [0, 1].
    `label_smoothing`: s, in [0, 1]; 0 gives `BCEWithLogitsLoss`.
    `weight`, `pos_weight`, `reduction`: as in `BCEWithLogitsLoss`, broadcast against the outputs.

    Raises `InputError` for a `label_smoothing` out of range, `UnknownNameError` for an unknown
    `reduction`, and torch's `ValueError` where the shapes differ.

    >>> loss = SmoothedBCEWithLogitsLoss(label_smoothing=0.2)
    >>> loss(torch.tensor([2.0]), torch.tensor([1.0]))  # the target is 0.9
    tensor(0.3269)
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        label_smoothing: float = 0.1,
        weight: Tensor | None = None,
        pos_weight: Tensor | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        if not 0 <= label_smoothing <= 1:
            raise InputError(f"label_smoothing is {label_smoothing!r}: it must lie in [0, 1]")
        self.label_smoothing = label_smoothing
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
        self.reduction = checked_reduction(reduction)

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        """The loss of logits and targets of one shape."""
        smooth = torch.lerp(y_true, torch.full_like(y_true, 0.5), self.label_smoothing)
        return F.binary_cross_entropy_with_logits(
            y_pred, smooth, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )
