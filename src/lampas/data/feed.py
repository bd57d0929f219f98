"""From what was passed as `x` and `y` to a feed of batches: decided once, in one place."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import Any, cast

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from lampas.data.arrays import Rows, is_array, make_rows, refuse_numbers
from lampas.data.batch import Batch, Feed
from lampas.data.choice import Choice, Chooser, Never
from lampas.data.dataset_feed import DatasetFeed
from lampas.data.loader import (
    LoaderFeed,
    StreamFeed,
    TensorLoaderFeed,
    is_weight,
    stacks_rows_only,
)
from lampas.data.memory import MemoryFeed
from lampas.data.nest import Nest, leaves
from lampas.data.spans import spans
from lampas.data.wrap import ClassWeightFeed, HeadFeed, StepsFeed
from lampas.errors import DataError, InputError

ROOMY_BYTES = 1 << 18
USUAL_ROWS = 128
_MOST_STREAMED = 10_000_000  # samples: torch counts up to a batch before it reads any


@dataclass(frozen=True, slots=True)
class Source:
    """What `fit`, `evaluate` or `predict` was given, and where its batches shall go.

    `rows`: the data in memory; None where it comes in batches, from `x`. `opened`: the feeds of
    a `Dataset`, which may have processes: `close` ends them.
    """

    x: Any
    rows: Rows | None
    device: torch.device
    dtype: torch.dtype
    class_weight: Mapping[int, float] | None = None
    opened: list[DatasetFeed] = field(default_factory=list[DatasetFeed])

    def close(self) -> None:
        """Nothing is read from here on."""
        for feed in self.opened:
            feed.close()

    def feed(
        self,
        batch_size: int,
        *,
        shuffle: bool,
        steps: int | None,
        around: Callable[[Feed], Feed] | None = None,
        epochs: int = 0,
    ) -> Feed:
        """Batches to train on; an epoch of `steps` batches reads on where the last one ended.

        around: put around the feed that reads, inside of those that count and weigh. epochs: how
        many there will be, where processes may read ahead; 0 where they may not.
        """
        check_count("batch_size", batch_size)
        if steps is not None:
            check_count("steps_per_epoch", steps)
        if isinstance(self.x, Iterator):
            stream = self._stream(steps, "steps_per_epoch")
            return self._weighted(stream if around is None else around(stream))
        feed = self._whole(batch_size, shuffle, epochs, steps)
        feed = feed if around is None else around(feed)
        return self._weighted(feed if steps is None else StepsFeed(feed, steps))

    def validation(self, batch_size: int, *, steps: int | None, times: int = 0) -> Feed:
        """Batches in order, the first `steps` or all, so many `times`: see `once`."""
        if isinstance(self.x, Iterator):
            if steps is not None:
                check_count("validation_steps", steps)
            return self._stream(steps, "validation_steps")
        return self.once(batch_size, steps=steps, steps_name="validation_steps", times=times)

    def roomy(self, batch_size: int) -> int:
        """The size of batches that keep no graph: four times as large, where rows are small.

        Few large batches cost fewer calls; but rows of many bytes are all work and no calls, and
        would only take memory.
        """
        if self.rows is None:
            return batch_size
        return max(batch_size, min(4 * batch_size, ROOMY_BYTES // self.rows.row_bytes))

    @property
    def usual_size(self) -> int:
        """The size of batches that nothing is learnt from, where nobody asked for one."""
        if self.rows is None:
            return USUAL_ROWS
        return max(USUAL_ROWS, min(8 * USUAL_ROWS, ROOMY_BYTES // self.rows.row_bytes))

    def once(
        self, batch_size: int, *, steps: int | None, steps_name: str = "steps", times: int = 0
    ) -> Feed:
        """Batches in order: the first `steps`, or all there are. times: how often they will be
        read, where processes may read ahead; 0 where they may not."""
        check_count("batch_size", batch_size)
        if steps is not None:
            check_count(steps_name, steps)
        feed = self._whole(batch_size, False, times, steps)
        return feed if steps is None else HeadFeed(feed, steps)

    def first(self, rows: int) -> Batch:
        """The first rows, or fewer, as a batch of copies; of these alone, for it may be kept."""
        few = self.rows if self.rows is None else self.rows.span(0, min(rows, len(self.rows)))
        return next(iter(replace(self, rows=few).once(rows, steps=1)))

    def split(self, share: Any) -> "tuple[Source, Source]":
        """The first rows, and the last `share` of them, held out before any shuffling."""
        if not isinstance(share, Real) or not 0.0 < float(share) < 1.0:
            raise InputError(f"validation_split is {share!r}: it must lie between 0 and 1")
        if self.rows is None:
            raise InputError(
                "validation_split cuts arrays; for a dataset, loader or generator pass "
                "validation_data"
            )
        kept = len(self.rows) - max(1, round(float(share) * len(self.rows)))
        if kept == 0:
            raise DataError(
                f"validation_split={share} of {len(self.rows)} rows leaves none to train"
            )
        first, last = self.rows.span(0, kept), self.rows.span(kept, len(self.rows))
        _warn_of_new_classes(first.y, last.y)
        return replace(self, rows=first), replace(self, rows=last, class_weight=None)

    def _weighted(self, feed: Feed) -> Feed:
        return ClassWeightFeed(feed, self.class_weight) if self.class_weight else feed

    def _stream(self, steps: int | None, steps_name: str) -> Feed:
        if steps is None:
            raise InputError(
                f"a generator needs {steps_name}: how many of its batches make an epoch"
            )
        return StreamFeed(self.x, steps, self.device, self.dtype)

    def _whole(self, batch_size: int, shuffle: bool, times: int, steps: int | None) -> Feed:
        """steps: how many batches will be read at a time, where that is not all."""
        if self.rows is not None:
            # An int of Python's own: of NumPy's torch cannot split by.
            return MemoryFeed(self.rows, int(batch_size), shuffle=shuffle, device=self.device)
        if not isinstance(self.x, Dataset) or isinstance(self.x, IterableDataset):
            return self._loader(self.x, batch_size)
        _check_length(cast(Any, self.x))
        loader: Any = DataLoader(self.x, batch_size, shuffle=shuffle)
        if stacks_rows_only(loader):
            return TensorLoaderFeed(loader, self.device)
        feed = DatasetFeed(loader, self.device, self.dtype, self._chooser(loader, times, steps))
        self.opened.append(feed)
        return feed

    def _chooser(self, loader: Any, times: int, steps: int | None) -> Chooser:
        batches = len(loader) if steps is None else steps
        return Choice(batches, times, on_host=self.device.type == "cpu") if times else Never()

    def _loader(self, x: Any, batch_size: int) -> Feed:
        if isinstance(x, IterableDataset):
            if batch_size > _MOST_STREAMED:
                raise InputError(
                    f"batch_size is {batch_size}: a stream is read until a batch is full, and of "
                    f"{_MOST_STREAMED:,} samples at most"
                )
            x = DataLoader(x, batch_size)
        elif not isinstance(x, DataLoader) and not hasattr(x, "__iter__"):
            raise DataError(
                f"x is a {type(x).__name__}: pass a tensor, a NumPy array, a pandas object, a "
                "tuple or dict of these, a Dataset or a DataLoader"
            )
        if stacks_rows_only(x):
            return TensorLoaderFeed(x, self.device)
        return LoaderFeed(x, self.device, self.dtype)


def make_source(
    x: Any,
    y: Any,
    weight: Any,
    device: torch.device,
    dtype: torch.dtype,
    class_weight: Mapping[int, float] | None = None,
) -> Source:
    """The source of what was passed. Raises `DataError` or `InputError` where it is none."""
    if type(x) is TensorDataset and weight is None:
        _refuse_targets(y, x)
        x, y, weight = _parts_of(x)
    rows = None
    if _in_memory(x):
        rows = make_rows(x, y, weight, dtype)
    else:
        refuse_numbers("x", x)
        _refuse_targets(y, x)
        if weight is not None:
            raise InputError(
                f"sample_weight goes with arrays; a {type(x).__name__} yields its weights: "
                "(x, y, sample_weight)"
            )
    return Source(x, rows, device, dtype, class_weight)


def make_validation(data: Any, device: torch.device, dtype: torch.dtype) -> Source:
    """The source of `validation_data`: (x, y), (x, y, sample_weight), a dataset or a loader."""
    if not isinstance(data, (tuple, list)) or is_batches(data):
        return _validation(data, None, None, device, dtype)
    parts = cast(list[Any], list(data))
    if len(parts) not in (2, 3):
        raise DataError(
            f"validation_data has {len(parts)} parts: pass (x, y) or (x, y, sample_weight); "
            "several inputs belong together: ((x1, x2), y)"
        )
    return _validation(parts[0], parts[1], parts[2] if len(parts) == 3 else None, device, dtype)


def _validation(x: Any, y: Any, weight: Any, device: torch.device, dtype: torch.dtype) -> Source:
    """A source whose complaints say that they are of the validation data."""
    try:
        source = make_source(x, y, weight, device, dtype)
    except InputError as error:
        raise type(error)(f"validation_data: {error}") from None
    if source.rows is None:
        return source
    names = [f"validation {name}" for name in source.rows.names]
    return replace(source, rows=replace(source.rows, names=names))


def _warn_of_new_classes(kept: Any, held_out: Any) -> None:
    """Rows sorted by class are split so that no score on the held-out ones means anything."""
    if not isinstance(kept, torch.Tensor) or kept.is_floating_point() or kept.ndim != 1:
        return
    last = held_out[-1]
    if not (_is_sorted(kept) and _is_sorted(held_out)) or bool(kept[-1] > held_out[0]):
        return
    different = 1 + _steps(kept) + _steps(held_out) + bool(kept[-1] != held_out[0])
    if 2 * different > len(kept) + len(held_out):  # numbers, rather than classes
        return
    if bool(last != kept[-1]):
        warnings.warn(
            "validation_split holds out the last rows, and these are sorted: class "
            f"{last.item()} is in none of the others; shuffle the rows first",
            UserWarning,
            stacklevel=4,
        )


def _is_sorted(y: torch.Tensor) -> bool:
    return all(bool((one <= following).all()) for one, following in _neighbours(y))


def _steps(y: torch.Tensor) -> int:
    """How often a value differs from the one before it."""
    return sum(int((one != following).sum()) for one, following in _neighbours(y))


def _neighbours(y: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """All values but the last, and what follows each, in spans."""
    for start, part in spans(y):
        longer = y[start : start + len(part) + 1]
        yield longer[:-1], longer[1:]


def check_count(name: str, value: object, least: int = 1) -> None:
    """Refuse a count that is no whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise InputError(f"{name} is {value!r}: it must be a whole number, {least} or more")
    if int(value) >= 2**62:
        raise InputError(f"{name} is {value!r:.40}: it is larger than any number of samples")


def _in_memory(x: Nest) -> bool:
    if isinstance(x, (Mapping, tuple)) and not isinstance(x, Dataset):
        return True
    if isinstance(x, list):
        return not is_batches(x) and all(is_array(leaf) for leaf in leaves(x))
    return is_array(x)


def is_batches(data: Any) -> bool:
    """Whether `data` is a list of batches, each a tuple, list or dict: a list of arrays is not,
    it holds several inputs."""
    if not isinstance(data, list) or not data:
        return False
    return all(isinstance(part, (tuple, list, Mapping)) for part in cast(list[Any], data))


def _parts_of(dataset: TensorDataset) -> tuple[Any, Any, Any]:
    tensors = list(dataset.tensors)
    if len(tensors) > 3 or (len(tensors) == 3 and not is_weight(tensors[2], len(tensors[0]))):
        raise DataError(
            f"the TensorDataset holds {len(tensors)} tensors: pass them as fit((x1, x2), y)"
        )
    x, y, weight = (*tensors, None, None)[:3]
    return x, y, weight


def _check_length(dataset: Any) -> None:
    """torch asks for a length, and for one above 0, where it shuffles."""
    name = type(dataset).__name__
    if not hasattr(dataset, "__len__"):
        raise DataError(f"the dataset {name} has no length: write its __len__")
    if not len(dataset):
        raise DataError(f"the dataset {name} is empty: its length is 0")


def _refuse_targets(y: Any, x: Any) -> None:
    if y is not None:
        raise InputError(
            f"y was passed beside a {type(x).__name__}, which yields its own targets: leave y out"
        )
