"""Feeds around feeds: class weights, epochs of a given number of steps, groups of batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from numbers import Integral, Real
from typing import Any

import torch

from lampas.data.batch import Batch, Feed
from lampas.errors import DataError, InputError


class ClassWeightFeed:
    """Multiplies the sample weights by the weight of each sample's class."""

    def __init__(self, feed: Feed, class_weight: Mapping[Any, float]) -> None:
        given: Any = class_weight
        if not isinstance(given, Mapping):
            raise InputError(f"class_weight is {given!r}: pass a dict of {{class number: weight}}")
        for label, weight in class_weight.items():
            if isinstance(label, bool) or not isinstance(label, Integral) or int(label) < 0:
                raise InputError(
                    f"class_weight has the key {label!r}: keys are class numbers from 0"
                )
            if not isinstance(weight, Real) or not 0 <= weight < float("inf"):
                raise InputError(
                    f"class_weight has {weight!r} for class {label}: weights are numbers, 0 or more"
                )
        self.feed = feed
        self._table = torch.ones(int(max(class_weight)) + 1)
        for label, weight in class_weight.items():
            self._table[int(label)] = float(weight)

    @property
    def batches(self) -> int | None:
        return self.feed.batches

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.feed:
            weight = self._of(batch)
            batch.weight = weight if batch.weight is None else batch.weight * weight
            yield batch

    def _of(self, batch: Batch) -> torch.Tensor:
        if not isinstance(batch.y, torch.Tensor):
            raise InputError("class_weight needs targets that are one tensor of classes")
        self._table = self._table.to(batch.y.device)
        labels = _classes(batch.y)
        known = labels.clamp(0, len(self._table) - 1)  # -100, say, marks targets to ignore
        return torch.where(known == labels, self._table[known], 1.0)


def _classes(y: torch.Tensor) -> torch.Tensor:
    """Class numbers (B,) from indices (B,), a column (B, 1), or one-hot rows (B, C) of floats."""
    if y.ndim == 1:
        return y.long()
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0].long()
    if y.ndim == 2 and y.is_floating_point():
        return y.argmax(1)
    raise DataError(
        f"class_weight needs targets of shape (N,), (N, 1) or, as floats, one-hot (N, C), not "
        f"{tuple(y.shape)} of {y.dtype}"
    )


class StepsFeed:
    """Epochs of `steps` batches each, reading on where the last one ended and around the end."""

    def __init__(self, feed: Feed, steps: int) -> None:
        self.feed = feed
        self.batches: int | None = steps
        self._steps = steps
        self._rest: Iterator[Batch] = iter(())

    def __iter__(self) -> Iterator[Batch]:
        for _ in range(self._steps):
            batch = next(self._rest, None)
            if batch is None:
                self._rest = iter(self.feed)
                batch = next(self._rest, None)
            if batch is None:
                raise DataError("the data holds no batch: it is empty")
            yield batch


class HeadFeed:
    """The first `steps` batches, the same ones each time; fewer where there are fewer."""

    def __init__(self, feed: Feed, steps: int) -> None:
        self.feed = feed
        self._steps = steps

    @property
    def batches(self) -> int | None:
        there = self.feed.batches
        return None if there is None else min(there, self._steps)

    def __iter__(self) -> Iterator[Batch]:
        return islice(self.feed, self._steps)


def grouped(
    feed: Iterable[Batch], size: int, count: Callable[[Batch], list[Any]]
) -> Iterator[Batch]:
    """Batches in groups of `size` that make one optimiser step each.

    `count` gives, for each loss, how many samples (or unmasked targets) of a batch it averages
    over. A batch's share is its part of the group's total: so that the summed gradients are
    those of one large batch, also where the last group or the last batch is smaller.
    """
    batches = iter(feed)
    while group := list(islice(batches, size)):
        share_out(group, count)
        for number, batch in enumerate(group):
            batch.earlier = tuple(group[:number])
            yield batch


def share_out(group: list[Batch], count: Callable[[Batch], list[Any]]) -> None:
    """Make one optimiser step of the batches of `group`: see `grouped`."""
    counts = [count(batch) for batch in group]
    totals = [sum(column) for column in zip(*counts, strict=True)]
    for batch, own in zip(group, counts, strict=True):
        batch.opens, batch.closes = batch is group[0], batch is group[-1]
        batch.shares = [_share(part, total) for part, total in zip(own, totals, strict=True)]


def _share(part: Any, total: Any) -> Any:
    """In double precision where there is one: counts in float32 would round it."""
    if not isinstance(total, torch.Tensor):
        return part / total if total else 0.0
    if total.device.type != "mps":
        part, total = part.double(), total.double()
    return part / total.clamp(min=torch.finfo(torch.float32).tiny)
