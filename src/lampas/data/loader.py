"""DataLoaders, datasets and generators as feeds."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

from lampas.data.arrays import batch_dtype, to_tensor
from lampas.data.batch import Batch, rows_of
from lampas.data.memory import CHUNK_BYTES, take
from lampas.data.nest import Nest, leaves, map_leaves, named_leaves
from lampas.errors import DataError

Loader = DataLoader[Any]


class LoaderFeed:
    """Any iterable of batches that can be iterated again for each epoch."""

    def __init__(self, loader: Any, device: torch.device, dtype: torch.dtype) -> None:
        self.loader = loader
        self.device = device
        self.dtype = dtype

    @property
    def batches(self) -> int | None:
        return _length(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        return self.read(self.loader)

    def read(self, items: Iterable[Any], first: int = 1) -> Iterator[Batch]:
        """The batches of what the loader yields; `first` is the number of the first of them."""
        return read_items(items, self.device, self.dtype, first)


def read_items(
    items: Iterable[Any], device: torch.device, dtype: torch.dtype, first: int = 1
) -> Iterator[Batch]:
    """Batches of what a loader yields; `first` is the number of the first of them."""
    try:
        for number, item in enumerate(items, start=first):
            yield read_batch(item, number, device, dtype)
    except RuntimeError as error:
        what = _unequal(str(error))
        if what is None:
            raise
        raise DataError(
            f"the samples of a batch have {what}: pad them to one, or pass a DataLoader with "
            "a collate_fn that does"
        ) from None


def _unequal(said: str) -> str | None:
    """What differs, where torch `said` that samples cannot be stacked."""
    if "each element in list of batch should be of equal size" in said:
        return "lists of several lengths"
    found = _SHAPES.search(said)
    return None if found is None else f"the shapes {found[1]} and {found[2]}"


_SHAPES = re.compile(r"stack expects each tensor .* got (\[.*?\]) at entry \d+ and (\[.*?\])")


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except (TypeError, NotImplementedError):
        return None  # an iterable dataset, or a sampler, may tell no length


class StreamFeed:
    """A generator that is read on and on: `steps` batches make an epoch."""

    def __init__(
        self, stream: Iterator[Any], steps: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.stream = stream
        self.batches: int | None = steps
        self.device = device
        self.dtype = dtype
        self.taken = 0
        self._steps = steps

    def __iter__(self) -> Iterator[Batch]:
        return self.begin()

    def begin(self, skip: int = 0) -> Iterator[Batch]:
        """The batches that are left of an epoch after its first `skip`."""
        for number in range(skip + 1, self._steps + 1):
            item = self._next(f"at batch {number} of {self._steps} of this epoch")
            yield read_batch(item, number, self.device, self.dtype)

    def leave_out(self, count: int) -> None:
        """Read so many batches and drop them: those that an earlier process has trained on."""
        while self.taken < count:
            self._next("on the way to where the saved run had come")

    def _next(self, where: str) -> Any:
        try:
            item = next(self.stream)
        except StopIteration:
            raise DataError(
                f"the generator ended after {self.taken} batches, {where}: lower steps_per_epoch "
                "or epochs, or make it yield on"
            ) from None
        self.taken += 1
        return item


class TensorLoaderFeed:
    """A DataLoader that only stacks rows of tensors: one gather a batch instead.

    The batches are those that iterating the loader gives, in the same order, with the same use
    of random numbers: indices come from its own batch sampler, after the draw of the seed that
    a DataLoader makes for its workers, whether it has some or not.
    """

    def __init__(self, loader: Loader, device: torch.device) -> None:
        self.loader = loader
        self.device = device
        self.tensors, self._subset = _tensors_of(loader.dataset)

    @property
    def batches(self) -> int | None:
        return _length(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        return self.begin()

    def begin(self, skip: int = 0) -> Iterator[Batch]:
        """The batches of a pass from number `skip` on; its order is drawn at once, where one of
        its batches was left out."""
        sampled = iter(cast(BatchSampler, self.loader.batch_sampler))
        torch.empty((), dtype=torch.int64).random_(generator=self.loader.generator)
        ahead = self._batches_ahead()
        # As in memory: a group that is begun in its middle is gathered whole.
        groups, batches = divmod(skip, ahead)
        deque(islice(sampled, groups * ahead), maxlen=0)
        first = list(islice(sampled, ahead)) if skip else []
        return self._batches(chain(first, sampled), ahead, batches)

    def _batches(self, sampled: Iterator[list[int]], ahead: int, skip: int) -> Iterator[Batch]:
        while group := list(islice(sampled, ahead)):
            lengths = [len(indices) for indices in group]
            # An array made of an iterator costs a tenth of a tensor made of a list.
            found = np.fromiter(chain.from_iterable(group), np.int64, sum(lengths))
            parts = zip(*self._gather(torch.from_numpy(found), lengths), strict=True)
            for part in islice(parts, skip, None):
                x, y, weight = _roles(part, 1)
                yield Batch(x, y, weight, len(part[0]))
            skip = 0

    def _gather(self, rows: torch.Tensor, lengths: list[int]) -> Iterator[tuple[torch.Tensor, ...]]:
        if self._subset is not None:
            rows = self._subset[rows]
        if bool((rows < 0).any()):  # as tensors count them, from the end
            rows = torch.where(rows < 0, rows + len(self.tensors[0]), rows)
        for tensor in self.tensors:
            found = take(tensor, rows).contiguous()  # as what is stacked of single rows is
            yield found.to(self.device, non_blocking=True).split(lengths)

    @property
    def draws_at_once(self) -> bool:
        """Whether the sampler is one of torch's, which draws a pass's order as a whole."""
        return type(self.loader.sampler) in _DRAWN_AT_ONCE

    def _batches_ahead(self) -> int:
        """How many batches are gathered in one go: more than one only where the sampler has
        drawn the whole epoch before its first index, so that looking ahead draws nothing."""
        sampler = self.loader.sampler
        generator = getattr(sampler, "generator", None)
        if type(sampler) not in _DRAWN_AT_ONCE or generator is torch.default_generator:
            return 1
        if getattr(sampler, "replacement", False) and type(sampler) is RandomSampler:
            return 1
        row_bytes = sum(t.nbytes // max(1, len(t)) for t in self.tensors)
        return max(1, CHUNK_BYTES // max(1, row_bytes * cast(int, self.loader.batch_size)))


_DRAWN_AT_ONCE = (SequentialSampler, RandomSampler, SubsetRandomSampler, WeightedRandomSampler)


def stacks_rows_only(loader: object) -> bool:
    """Whether `loader` is a plain DataLoader over tensors in memory: see TensorLoaderFeed."""
    if type(loader) is not DataLoader:
        return False
    return (
        (loader.num_workers == 0 or _workers_only_stack(loader))
        and loader.collate_fn is default_collate
        and type(loader.batch_sampler) is BatchSampler
        and bool(_tensors_of(loader.dataset)[0])
    )


def _workers_only_stack(loader: Loader) -> bool:
    """Whether worker processes add nothing but their cost: a gather is faster than a pipe.

    Persistent ones draw no seed in later epochs; and workers read ahead of a sampler, which
    changes what it draws unless it has drawn all at once.
    """
    return (
        loader.worker_init_fn is None
        and not loader.persistent_workers
        and type(loader.sampler) in _DRAWN_AT_ONCE
        and getattr(loader.sampler, "generator", None) is not torch.default_generator
    )


def _tensors_of(dataset: Any) -> tuple[list[torch.Tensor], torch.Tensor | None]:
    """The tensors under a TensorDataset, or under a Subset of one with its indices."""
    if type(dataset) is TensorDataset:
        tensors, indices = list(dataset.tensors), None
    elif type(dataset) is Subset and type(dataset.dataset) is TensorDataset:
        tensors, indices = list(dataset.dataset.tensors), torch.as_tensor(dataset.indices)
    else:
        return [], None
    plain = all(t.device.type == "cpu" and not t.is_sparse for t in tensors)
    return (tensors if plain else []), indices


def read_batch(item: Any, number: int, device: torch.device, dtype: torch.dtype) -> Batch:
    """A batch from what a loader yields: x, (x, y), (x, y, sample_weight), or a dict of inputs."""

    def place(value: Any) -> torch.Tensor | None:
        if value is None:
            return None
        if isinstance(value, torch.Tensor):
            return to_tensor(value, f"batch {number} of the loader").to(device, non_blocking=True)
        array = np.asarray(value)  # NumPy batches, as generators and some collate functions make
        if array.dtype.kind not in "biufc":
            raise TypeError(f"{array.dtype} is no number")
        tensor = to_tensor(array, "batch")
        return tensor.to(device, batch_dtype(array, tensor, dtype), non_blocking=True)

    try:
        placed = map_leaves(place, item)
    except DataError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        raise _no_batch(item, number) from error
    x, y, weight = _roles(placed, number)
    if rows_of(x) == 0:
        raise _no_batch(item, number)
    _check_rows(x, y, weight, number)
    return Batch(x, y, weight, rows_of(x))


def _roles(item: Any, number: int) -> tuple[Nest, Nest, Any]:
    if not isinstance(item, (tuple, list)):
        return item, None, None
    parts = cast(list[Any], list(item))
    if len(parts) == 1:
        return parts[0], None, None
    if len(parts) == 2:
        return parts[0], parts[1], None
    if len(parts) == 3 and is_weight(parts[2], rows_of(parts[0])):
        return parts[0], parts[1], parts[2]
    raise DataError(
        f"batch {number} of the loader has {len(parts)} parts: yield x, (x, y) or (x, y, "
        "sample_weight) with weights of shape (batch,); several inputs belong together: "
        "((x1, x2), y)"
    )


def is_weight(value: Any, rows: int) -> bool:
    """Whether the third part of a batch is its sample weights, or None in their place."""
    if not isinstance(value, torch.Tensor):
        return value is None
    return value.is_floating_point() and value.shape == (rows,)


def _check_rows(x: Nest, y: Nest, weight: Any, number: int) -> None:
    first = rows_of(x)
    for name, leaf in named_leaves({"y": y, "sample_weight": weight}, ""):
        if isinstance(leaf, torch.Tensor) and leaf.ndim and len(leaf) != first:
            label = name.replace("['y']", "y").replace("['sample_weight']", "sample_weight")
            raise DataError(
                f"batch {number} of the loader: x has {first} samples but {label} has {len(leaf)}"
            )


def _no_batch(item: Any, number: int) -> DataError:
    kinds = sorted({type(leaf).__name__ for leaf in leaves(item)}) or ["nothing"]
    return DataError(
        f"batch {number} of the loader holds {', '.join(kinds)} in a {type(item).__name__}, "
        "not a batch of tensors: yield (x, y), each with a first dimension of samples"
    )
