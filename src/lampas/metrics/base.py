"""The protocol of a metric: sums that stay on the device, and one look at the end."""

from abc import ABC, abstractmethod
from typing import Any

import torch


class Metric(ABC):
    """A quantity over all samples of an epoch, whatever the batches.

    `update` may be called with any number of rows at a time (the loop hands over several
    batches at once) and must not wait for the device. torchmetrics objects have the same three
    methods and work as they are.
    """

    @abstractmethod
    def reset(self) -> None:
        """Forget everything seen."""

    @abstractmethod
    def update(self, y_pred: Any, y_true: Any) -> None:
        """Take in some rows: outputs (N, ...) and targets (N, ...), both detached."""

    @abstractmethod
    def compute(self) -> torch.Tensor:
        """The metric over everything since `reset`; a 0-d tensor unless documented otherwise."""
