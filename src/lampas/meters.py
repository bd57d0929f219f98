"""The compiled metrics: which output each reads, and how it is fed and read."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch

from lampas import losses, metrics
from lampas.criterion import Criterion, pick
from lampas.data.nest import concatenate, leaves

Kept = Sequence[tuple[Any, Any]]


class Meter:
    """One metric under its name in the history."""

    def __init__(self, name: str, key: Any, metric: Any) -> None:
        self.name = name
        self.key = key
        self.metric = metric
        self.value: Any = None
        self.running: bool = getattr(metric, "running", False) and hasattr(metric, "peek")
        self.per_batch: bool = getattr(metric, "per_batch", False)

    def reset(self) -> None:
        """Forget everything seen."""
        self.metric.reset()

    def to(self, device: torch.device) -> None:
        """Move a metric that keeps its sums on a device, as those of torchmetrics do."""
        if hasattr(self.metric, "to"):
            self.metric.to(device)

    def update(self, kept: Kept) -> None:
        """Hand over the predictions and targets of several batches, at once where possible."""
        for y_pred, y_true in self._pairs(kept):
            self.metric.update(y_pred, y_true)

    def _pairs(self, kept: Kept) -> list[tuple[Any, Any]]:
        pairs = [(pick(p, self.key, "the model's output"), pick(t, self.key, "y")) for p, t in kept]
        if self.per_batch or len(pairs) < 2:
            return pairs
        outputs, targets = [p for p, _ in pairs], [t for _, t in pairs]
        try:
            return [(torch.cat(outputs), torch.cat(targets))]
        except (TypeError, RuntimeError):  # nests, or shapes that differ
            return [(concatenate(outputs), concatenate(targets))] if _stackable(pairs) else pairs

    def so_far(self, kept: Kept) -> dict[str, float]:
        """As `record`, with the batches `kept` too, which are not taken in."""
        self.value = self.metric.peek(self._pairs(kept) if kept else [])
        return metrics.as_record(self.name, self.value)

    def record(self) -> dict[str, float]:
        """The value so far, as numbers for a history row; the value itself stays in `value`."""
        self.value = self.metric.compute()
        return metrics.as_record(self.name, self.value)


def _stackable(pairs: list[tuple[Any, Any]]) -> bool:
    """Whether batches can be joined: tensors that differ in their length alone."""
    shapes = {tuple(_trailing(leaf) for leaf in leaves(pair)) for pair in pairs}
    return len(shapes) == 1 and None not in next(iter(shapes))


def _trailing(leaf: Any) -> tuple[int, ...] | None:
    if isinstance(leaf, torch.Tensor) and leaf.ndim:
        return leaf.shape[1:]
    return None


def make_meters(spec: Any, criterion: Criterion) -> list[Meter]:
    """The meters of `compile`'s `metrics`.

    A dict in the place of a metric holds the metrics of one output, under the key that its
    loss has: `metrics={"age": {"mae": "mae"}}`; in the history they are called `age_mae`.
    """
    whole: Any = spec
    meters: list[Meter] = []
    if isinstance(spec, Mapping):
        given = cast(Mapping[Any, Any], spec)
        nested = {k: v for k, v in given.items() if isinstance(v, (Mapping, list, tuple))}
        whole = {k: v for k, v in given.items() if k not in nested} or None
        for key, part in nested.items():
            meters += _meters(part, key, criterion)
    return _meters(whole, None, criterion) + meters


def _meters(spec: Any, key: Any, criterion: Criterion) -> list[Meter]:
    loss = criterion.loss_of(key)
    found = metrics.resolve_all(spec, losses.task_of(loss) if loss is not None else None)
    prefix = "" if key is None else f"output_{key}_" if isinstance(key, int) else f"{key}_"
    return [Meter(prefix + name, key, metric) for name, metric in found.items()]
