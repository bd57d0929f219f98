"""Sums over an epoch, kept on the device: losses and metrics are looked at once, at its end."""

import math
from collections.abc import Mapping
from typing import Any, cast

import torch

from lampas.data.batch import Batch
from lampas.data.nest import held_bytes, nbytes
from lampas.errors import InputError, NonFiniteError
from lampas.memories import memory, recall
from lampas.meters import Meter
from lampas.plan import Plan
from lampas.step import StepResult

KEEP_STEPS = 1024
KEEP_BATCHES = 64
KEEP_BYTES = 2 << 20
"""Losses of so many steps, and outputs of so many batches, are gathered and reduced in one go: a
few calls for many steps. Bytes of training steps count the inputs too: where those are large, a
step is long and calls are cheap, and small tensors kept between large ones fragment memory (4 % on
a CNN)."""

_FEW = 64
"""So many steps are added up by Python before torch has begun to."""


class LossSums:
    """Exact means of the losses: sum(value * count) / sum(count), without looking.

    The names are those of the criterion's terms and the penalties, or of the dict that a
    custom step returned. The sum of a batch, from a loss with `reduction="sum"`, is taken as
    it is. Sums are taken over blocks of so many steps, counted from the first: who looks in
    between, and when, changes no bit of them.
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
        self._block: list[tuple[torch.Tensor, torch.Tensor]] = []  # of the block under way
        self._block_steps = 0
        self._history: list[torch.Tensor] = []  # the values of all whole blocks
        self._total: torch.Tensor | None = None
        self._count: torch.Tensor | None = None

    def add(self, result: StepResult) -> None:
        """Keep the values of one step."""
        self._values += result.values
        self._counts += result.counts
        self._steps += 1
        if self._block_steps + self._steps == KEEP_STEPS:
            self._end_block()

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
        """Join what was kept: a row of values, and one of counts, for each step."""
        if not self._steps:
            return
        values = torch.stack(self._values).reshape(self._steps, -1)
        values = values.to(_wide(values.device))
        counts = _as_tensor(self._counts, values).reshape(self._steps, -1)
        self._block.append((values, counts))
        self._block_steps += self._steps
        self._values, self._counts, self._steps = [], [], 0

    def _joined(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The values and counts of the block under way, (steps, losses) each."""
        self.flush()
        if len(self._block) > 1:
            values, counts = zip(*self._block, strict=True)
            self._block = [(torch.cat(values), torch.cat(counts))]
        return self._block[0]

    def _sums(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The sum of each loss times its count, and of the counts, of this block."""
        values, counts = self._joined()
        factors = counts
        for index, summed in enumerate(self._summed[: values.shape[1]]):
            if summed:
                factors = counts.clone() if factors is counts else factors
                factors[:, index] = 1.0
        return (values * factors).sum(0), counts.sum(0)

    def _end_block(self) -> None:
        total, count = self._with(*self._sums())
        self._history.append(self._block[0][0])
        self._total, self._count = total, count
        self._block, self._block_steps = [], 0

    def _with(self, total: torch.Tensor, count: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """These sums added to those of the blocks before."""
        if self._total is None or self._count is None:
            return total, count
        return self._total + total, self._count + count

    def results(self) -> dict[str, float]:
        """The means so far, by name: "loss", the parts of several losses, the penalties."""
        few = self._few()
        if few is not None:
            sums, counts = few
        elif self._steps or self._block:
            sums, counts = torch.stack(self._with(*self._sums())).tolist()
        elif self._total is not None and self._count is not None:
            sums, counts = torch.stack((self._total, self._count)).tolist()
        else:
            return {}
        means = [value / (number or 1.0) for value, number in zip(sums, counts, strict=True)]
        found = dict(zip(self._names, means, strict=False))
        if not self._weights or "loss" in self._weights:
            return found
        total = sum(weight * found[name] for name, weight in self._weights.items())
        return {"loss": total, **found}

    def _few(self) -> tuple[list[float], list[float]] | None:
        """The sums of an epoch of few steps, on the host. How many steps there are decides, not who
        looked before: to look changes no bit."""
        if not 0 < self._block_steps + self._steps <= _FEW or self._history:
            return None
        if self._block or not _are_on_host(self._values, self._counts):
            values, counts = torch.stack(self._joined()).tolist()
        else:
            width = len(self._values) // self._steps
            values = _in_rows(torch.stack(self._values).double().tolist(), width)
            counts = _in_rows(self._counts, width)
        sums: list[float] = []
        numbers: list[float] = []
        columns = zip(zip(*values, strict=True), zip(*counts, strict=True), strict=True)
        for index, (column, number) in enumerate(columns):
            is_sum = index < len(self._summed) and self._summed[index]
            pairs = zip(column, number, strict=True)
            sums.append(float(sum(column) if is_sum else sum(v * c for v, c in pairs)))
            numbers.append(float(sum(number)))
        return sums, numbers

    def last(self) -> dict[str, torch.Tensor]:
        """The losses of the last step alone, by the same names; nothing is looked at."""
        if self._steps:
            values = self._values[-(len(self._values) // self._steps) :]
        else:
            values = list((self._block[-1][0] if self._block else self._history[-1])[-1])
        found = dict(zip(self._names, values, strict=False))
        if not self._weights or "loss" in self._weights:
            return found
        parts = [weight * found[name] for name, weight in self._weights.items()]
        return {"loss": torch.stack(parts).sum(), **found}

    def check_finite(self) -> None:
        """Raise `NonFiniteError` naming the first step whose loss is nan or infinite."""
        few = self._few()
        if few is not None and all(map(math.isfinite, few[0])):
            return
        self.flush()
        kept = [*self._history, *(values for values, _ in self._block)]
        # A finite sum holds no nan and no infinity, and costs no mask.
        if not kept or all(map(math.isfinite, torch.stack([one.sum() for one in kept]).tolist())):
            return
        values = torch.cat(kept)
        if bool(values.isfinite().all()):
            return
        step, column = (~values.isfinite()).nonzero()[0].tolist()
        raise NonFiniteError(
            f"{self._names[column]} is {values[step, column].item()} at step {step + 1}"
        )

    def state(self) -> dict[str, Any]:
        """All of it, as plain values and tensors."""
        block = self._joined() if self._steps or self._block else None
        return {
            "names": self._taken,
            "block": block,
            "history": torch.cat(self._history) if self._history else None,
            "total": self._total,
            "count": self._count,
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from `state`."""
        if state["names"] is not None:
            self.take_names(list(state["names"]))
        self._block = [] if state["block"] is None else [tuple(state["block"])]
        self._block_steps = len(self._block[0][0]) if self._block else 0
        self._history = [] if state["history"] is None else [state["history"]]
        self._total, self._count = state["total"], state["count"]


def _wide(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "mps" else torch.float64


def _are_on_host(values: list[torch.Tensor], counts: list[Any]) -> bool:
    return values[0].is_cpu and not any(isinstance(count, torch.Tensor) for count in counts)


def _in_rows(flat: list[Any], width: int) -> list[list[Any]]:
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def _as_tensor(counts: list[Any], values: torch.Tensor) -> torch.Tensor:
    if any(isinstance(count, torch.Tensor) for count in counts):
        made = [torch.as_tensor(count, device=values.device) for count in counts]
        return torch.stack([count.to(values.dtype) for count in made])
    return torch.tensor(counts, dtype=values.dtype).to(values.device, non_blocking=True)


class MetricSums:
    """Feeds the metrics with the rows of several batches at once.

    Which batches go together is decided by their number and their size alone: who looks in
    between looks at a copy, and changes no bit of the result.
    """

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
        self._bytes += held_bytes(y_pred) + nbytes(batch.x)
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
        if running:
            return self._so_far()
        self.flush()
        found: dict[str, float] = {}
        if self._has_seen:
            for meter in self._meters:
                found |= meter.record()
        return found

    def _so_far(self) -> dict[str, float]:
        """The cheap ones, with what was not handed over yet."""
        found: dict[str, float] = {}
        if self._has_seen or self._kept:
            with torch.no_grad():
                for meter in self._meters:
                    if meter.running:
                        found |= meter.so_far(self._kept)
        return found

    def state(self) -> dict[str, Any]:
        """The rows that wait, and what the metrics keep, by name."""
        memories = {meter.name: memory(meter.metric) for meter in self._meters}
        return {
            "kept": list(self._kept),
            "bytes": self._bytes,
            "seen": self._has_seen,
            "metrics": memories,
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from `state`."""
        self._kept, self._bytes = list(state["kept"]), int(state["bytes"])
        self._has_seen = bool(state["seen"])
        for meter in self._meters:
            recall(meter.metric, state["metrics"][meter.name])


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

    def state(self) -> dict[str, Any]:
        """The sums so far, as plain values and tensors."""
        return {"losses": self.losses.state(), "metrics": self.metrics.state()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from `state`, of an epoch of the same losses and metrics."""
        self.losses.load_state(state["losses"])
        self.metrics.load_state(state["metrics"])

    def results(self) -> dict[str, float]:
        """All losses and metrics by name. This looks: it waits for the device."""
        return self.losses.results() | self.metrics.results()

    def running(self) -> dict[str, float]:
        """The losses and the cheap metrics so far."""
        return self.losses.results() | self.metrics.results(running=True)
