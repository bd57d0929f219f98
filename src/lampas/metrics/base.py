"""The protocol of a metric: sums that stay on the device, and one look at the end."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import torch


class MetricLike(Protocol):
    """What the loop needs of a metric: ours, or a torchmetrics object as it is."""

    def reset(self) -> Any:
        """Forget everything seen."""
        ...

    def update(self, y_pred: Any, y_true: Any, /) -> Any:
        """Take in some rows."""
        ...

    def compute(self) -> Any:
        """The metric over everything since `reset`."""
        ...


class Metric(ABC):
    """A quantity over all samples of an epoch, whatever the batches.

    `update` may be called with any number of rows at a time (the loop hands over several
    batches at once) and must not wait for the device. torchmetrics objects have the same three
    methods and work as they are. Every row counts once: sample and class weights act on the
    loss only.

    `name`: what its column is called where no dict names it; empty for the class's name in
    snake_case.
    `per_batch`: `update` must see one batch at a time, because its result depends on where
    batches begin and end.
    `running`: `compute` costs so little that it may be shown while an epoch is under way; False
    for metrics that go over all rows again at each `compute`.
    """

    per_batch: ClassVar[bool] = False
    running: ClassVar[bool] = True
    name: str = ""

    @abstractmethod
    def reset(self) -> None:
        """Forget everything seen."""

    @abstractmethod
    def update(self, y_pred: Any, y_true: Any) -> None:
        """Take in some rows: outputs (N, ...) and targets (N, ...), both detached."""

    def peek(self, rows: Sequence[tuple[Any, Any]]) -> Any:
        """What `compute` would give with these `rows` too: (y_pred, y_true) of each update. They
        are not taken in, so that who looks, and when, changes no bit of the result."""
        looked = copy.deepcopy(self)
        for y_pred, y_true in rows:
            looked.update(y_pred, y_true)
        return looked.compute()

    @abstractmethod
    def compute(self) -> torch.Tensor:
        """The metric over everything since `reset`; a 0-d tensor unless documented otherwise.

        nan where nothing was seen, or where the metric is not defined on what was seen.
        """
