"""A `DataLoader` that can begin at any batch, and whose workers draw the same wherever it began."""

import warnings
import zlib
from collections import deque
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from lampas import randomness


class SteadyLoader:
    """Iterates a map-style `DataLoader` from any batch on, without reading those before.

    Order, batches and the use of random numbers in this process are those of `loader` itself. In
    its worker processes each batch is read with random states of its own, made of the pass's
    seed and the batch's number: what an augmentation draws there depends on neither the number
    of workers nor on what they read before.

    `order`: the generators that the loader and its samplers keep; `reading`: those that the
    dataset keeps, where it is read in this process. `seen`: a checksum of the positions of the
    batches yielded so far in this pass.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self.loader = loader
        self.order = generators_of(loader)
        dataset, works = loader.dataset, loader.num_workers > 0
        self.reading = {} if works else randomness.found_in(dataset, "dataset")
        self.seen = 0
        self._ahead: deque[int] = deque()
        self._rest = _Rest()
        self._inner = _rebuilt(loader, _Seeded(dataset) if works else dataset, self._rest)

    def begin(self, skip: int) -> Iterator[Any]:
        """A pass from batch number `skip` on; what is drawn for the pass is drawn at once."""
        loader = self.loader
        # As every iterator of a DataLoader does; with persistent workers torch's own draws it in
        # the first pass alone, which a pass in a new process could not know.
        seed = torch.empty((), dtype=torch.int64).random_(generator=loader.generator).item()
        indices = iter(cast(Any, loader.batch_sampler or loader.sampler))
        self.seen = 0
        self._ahead.clear()
        drawn = self._watched(indices)
        for _ in range(skip):
            if next(drawn, None) is None:
                break
            self.seen = self._ahead.popleft()
        works = loader.num_workers > 0
        self._rest.indices = _numbered(drawn, int(seed), skip) if works else drawn
        return self._counted(iter(self._inner))

    def _watched(self, indices: Iterator[Any]) -> Iterator[Any]:
        mark = 0
        for index in indices:
            mark = zlib.crc32(repr(index).encode(), mark)
            self._ahead.append(mark)
            yield index

    def _counted(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            self.seen = self._ahead.popleft()
            yield item


def is_steady(loader: Any) -> bool:
    """Whether `loader` is a map-style `DataLoader` whose way of iterating is torch's own."""
    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
        return False
    own = type(loader).__iter__ is DataLoader.__iter__
    return own or type(loader).__name__ == "StatefulDataLoader"


class _Rest:
    """The sampler of the rebuilt loader: the indices that are left of this pass."""

    def __init__(self) -> None:
        self.indices: Iterator[Any] = iter(())

    def __iter__(self) -> Iterator[Any]:
        return self.indices


class _Seeded(Dataset[Any]):
    """A dataset that is read in workers: random states are those of the batch."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._own: dict[str, randomness.Generator] | None = None

    def __getitems__(self, numbered: tuple[int, int, list[Any]]) -> Any:
        """The samples of one batch: (the pass's seed, the batch's number, positions)."""
        positions = self._seeded(numbered)
        several = getattr(self.dataset, "__getitems__", None)
        return several(positions) if several else [self.dataset[one] for one in positions]

    def __getitem__(self, numbered: tuple[int, int, Any]) -> Any:
        return self.dataset[self._seeded(numbered)]

    def _seeded(self, numbered: tuple[int, int, Any]) -> Any:
        seed, number, positions = numbered
        if self._own is None:
            self._own = randomness.found_in(self.dataset, "dataset")
        randomness.seed_all((seed, number), self._own)
        return positions


def _numbered(indices: Iterator[Any], seed: int, first: int) -> Iterator[tuple[int, int, Any]]:
    for number, index in enumerate(indices, start=first):
        yield seed, number, index


def generators_of(loader: DataLoader[Any]) -> dict[str, randomness.Generator]:
    """Of the loader, its sampler and its batch sampler, which may be one object's."""
    own = [loader.generator, loader.sampler, loader.batch_sampler]
    names = ("generator", "sampler", "batch_sampler")
    found: dict[str, randomness.Generator] = {}
    for name, thing in zip(names, own, strict=True):
        for path, generator in randomness.found_in(thing, name).items():
            if all(generator is not known for known in found.values()):
                found[path] = generator
    return found


def _rebuilt(loader: DataLoader[Any], dataset: Any, indices: Any) -> DataLoader[Any]:
    """A loader like `loader`, of another dataset and sampler; its own draws touch nobody's."""
    one_by_one = loader.batch_sampler is None
    options: dict[str, Any] = {"pin_memory_device": loader.pin_memory_device}
    if not loader.pin_memory_device:
        del options["pin_memory_device"]  # deprecated since torch 2.9, also where it is empty
    if loader.num_workers:
        options |= {
            "prefetch_factor": loader.prefetch_factor,
            "persistent_workers": loader.persistent_workers,
            "multiprocessing_context": loader.multiprocessing_context,
            "worker_init_fn": loader.worker_init_fn,
            "timeout": loader.timeout,
        }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what there is to say was said of `loader`
        return DataLoader(
            dataset,
            batch_size=None if one_by_one else 1,
            sampler=indices if one_by_one else None,
            batch_sampler=None if one_by_one else indices,
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            generator=torch.Generator(),
            **options,
        )
