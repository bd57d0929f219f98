"""Sums over an epoch, kept on the device: losses and metrics are looked at once, at its end."""

from collections.abc import Mapping
from typing import Any, cast

import torch

from lampas.data.batch import Batch
from lampas.data.nest import leaves
from lampas.errors import InputError, NonFiniteError
from lampas.meters import Meter
from lampas.plan import Plan
from lampas.step import StepResult

KEEP_STEPS = 1024
KEEP_BATCHES = 64
KEEP_BYTES = 2 << 20
"""Losses of so many steps, and outputs of so many batches, are gathered and reduced in one go: a
few calls for many steps. Bytes count the inputs too: where those are large, a step is long and
calls are cheap, and small tensors kept between large ones fragment memory (4 % on a CNN)."""


class LossSums:
    """Exact means of the losses: sum(value * count) / sum(count), without looking.

    The names are those of the criterion's terms and the penalties, or of the dict that a
    custom step returned. The sum of a batch, from a loss with `reduction="sum"`, is taken as
    it is.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        terms = plan.criterion.terms
        self._names = [term.name for term in terms] + list(plan.named_penalties)
        self._weights = {term.name: term.weight for term in terms}
        self._summed = [term.reduction == "sum" for term in terms]
        self._values: list[torch.Tensor] = []
        self._counts: list[Any] = []
        self._steps = 0
        self._taken: list[str] | None = None
        self._history: list[torch.Tensor] = []
        self._total: torch.Tensor | None = None
        self._count: torch.Tensor | None = None

    def add(self, result: StepResult) -> None:
        """Keep the values of one step."""
        self._values += result.values
        self._counts += result.counts
        self._steps += 1
        if self._steps == KEEP_STEPS:
            self.flush()

    def take_names(self, names: list[str]) -> None:
        """The names of what a custom step returns, which takes the criterion's place."""
        if names == self._taken:
            return
        if self._taken is not None:
            raise InputError(
                f"train_step returned {names} after {self._taken}: return the same names each time"
            )
        self._taken = self._names = names
        self._weights, self._summed = {}, []

    def flush(self) -> None:
        """Reduce what was kept."""
        if not self._steps:
            return
        values = torch.stack(self._values).reshape(self._steps, -1)
        values = values.to(_wide(values.device))
        counts = _as_tensor(self._counts, values).reshape(self._steps, -1)
        factors = counts.clone()
        for index, summed in enumerate(self._summed[: values.shape[1]]):
            if summed:
                factors[:, index] = 1.0
        total, count = (values * factors).sum(0), counts.sum(0)
        self._total = total if self._total is None else self._total + total
        self._count = count if self._count is None else self._count + count
        self._history.append(values)
        self._values, self._counts, self._steps = [], [], 0

    def results(self) -> dict[str, float]:
        """The means so far, by name: "loss", the parts of several losses, the penalties."""
        self.flush()
        if self._total is None or self._count is None:
            return {}
        means = (self._total / torch.where(self._count == 0, 1.0, self._count)).tolist()
        found = dict(zip(self._names, means, strict=False))
        if not self._weights or "loss" in self._weights:
            return found
        total = sum(weight * found[name] for name, weight in self._weights.items())
        return {"loss": total, **found}

    def last(self) -> dict[str, torch.Tensor]:
        """The losses of the last step alone, by the same names; nothing is looked at."""
        kept = self._steps > 0
        width = len(self._values) // self._steps if kept else len(self._history[-1][-1])
        values = self._values[-width:] if kept else list(self._history[-1][-1])
        found = dict(zip(self._names, values, strict=False))
        if not self._weights or "loss" in self._weights:
            return found
        parts = [weight * found[name] for name, weight in self._weights.items()]
        return {"loss": torch.stack(parts).sum(), **found}

    def check_finite(self) -> None:
        """Raise `NonFiniteError` naming the first step whose loss is nan or infinite."""
        self.flush()
        if self._total is None or bool(self._total.isfinite().all()):
            return
        values = torch.cat(self._history)
        step, column = (~values.isfinite()).nonzero()[0].tolist()
        raise NonFiniteError(
            f"{self._names[column]} is {values[step, column].item()} at step {step + 1}"
        )


def _wide(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "mps" else torch.float64


def _as_tensor(counts: list[Any], values: torch.Tensor) -> torch.Tensor:
    if any(isinstance(count, torch.Tensor) for count in counts):
        made = [torch.as_tensor(count, device=values.device) for count in counts]
        return torch.stack([count.to(values.dtype) for count in made])
    return torch.tensor(counts, dtype=values.dtype).to(values.device, non_blocking=True)


class MetricSums:
    """Feeds the metrics with the rows of several batches at once."""

    def __init__(self, meters: list[Meter]) -> None:
        self._meters = meters
        self._kept: list[tuple[Any, Any]] = []
        self._bytes = 0
        self._has_seen = False
        for meter in meters:
            meter.reset()

    def add(self, y_pred: Any, batch: Batch) -> None:
        """Keep the predictions and targets of one step."""
        y_true = batch.y
        if y_true is None:
            y_true = batch.kwargs.get("labels")  # where models compute their own loss
        self._kept.append((y_pred, y_true))
        self._bytes += _size(y_pred) + _size(batch.x)
        if len(self._kept) >= KEEP_BATCHES or self._bytes >= KEEP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand over what was kept."""
        if self._kept:
            kept, self._kept, self._bytes = self._kept, [], 0
            self._has_seen = True
            with torch.no_grad():
                for meter in self._meters:
                    meter.update(kept)

    def results(self, *, running: bool = False) -> dict[str, float]:
        """All metrics by name; with `running`, those that are cheap to look at midway.

        None of them where nothing was seen: a step of the user's own may return no "y_pred".
        """
        self.flush()
        found: dict[str, float] = {}
        if not self._has_seen:
            return found
        for meter in self._meters:
            if not running or meter.running:
                found |= meter.record()
        return found


def _size(nest: Any) -> int:
    if isinstance(nest, torch.Tensor):
        return nest.nbytes
    return sum(_size(leaf) for leaf in leaves(nest) if isinstance(leaf, torch.Tensor))


class Tally:
    """The losses and metrics of one epoch, or of one evaluation."""

    def __init__(self, plan: Plan) -> None:
        self.losses = LossSums(plan)
        self.metrics = MetricSums(plan.meters)
        self._metered = bool(plan.meters)
        self._device = plan.device

    def add(self, result: "StepResult | Mapping[str, Any]", batch: Batch) -> None:
        """Take in the result of one step; nothing is looked at."""
        if not isinstance(result, StepResult):
            result = self._of_custom(result, batch)
        self.losses.add(result)
        if self._metered and result.y_pred is not None:
            self.metrics.add(result.y_pred, batch)

    def _of_custom(self, result: Any, batch: Batch) -> StepResult:
        if not isinstance(result, Mapping):
            raise InputError(
                f"train_step returned a {type(result).__name__}: return a dict of 0-d losses, "
                "such as {'loss': loss}"
            )
        values = dict(cast(Mapping[str, Any], result))
        y_pred = values.pop("y_pred", None)
        if not values:
            raise InputError("train_step returned no loss: return a dict such as {'loss': loss}")
        self.losses.take_names(list(values))
        found = [self._scalar(name, value) for name, value in values.items()]
        return StepResult(found, [batch.size] * len(found), y_pred)

    def _scalar(self, name: str, value: Any) -> torch.Tensor:
        tensor = torch.as_tensor(value, device=self._device).detach()
        if tensor.numel() != 1:
            raise InputError(
                f"train_step returned {name!r} of shape {tuple(tensor.shape)}: return its mean "
                "over the batch, a 0-d tensor"
            )
        return tensor.reshape(())

    def results(self) -> dict[str, float]:
        """All losses and metrics by name. This looks: it waits for the device."""
        return self.losses.results() | self.metrics.results()

    def running(self) -> dict[str, float]:
        """The losses and the cheap metrics so far."""
        return self.losses.results() | self.metrics.results(running=True)
