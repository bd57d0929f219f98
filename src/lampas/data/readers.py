"""How each kind of data begins a pass in its middle, and what it keeps of its own."""

import warnings
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, cast

import torch
from torch.utils.data import DataLoader, IterableDataset

from lampas import randomness
from lampas.data.batch import Batch, Feed
from lampas.data.dataset_feed import DatasetFeed
from lampas.data.loader import LoaderFeed, StreamFeed, TensorLoaderFeed
from lampas.data.memory import MemoryFeed
from lampas.data.reading import Reading
from lampas.data.steady import SteadyLoader, generators_of, is_steady
from lampas.errors import InputError, MissingExtraError
from lampas.randomness import Generator


class HasState(Protocol):
    """torch's protocol of what can be continued."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state: Any) -> Any: ...


def _no_doubt(skip: int) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads passes of one feed, from any batch on.

    `begin`: a pass from batch number `skip` on; what is drawn for the pass is drawn at once,
    where a batch is left out. `order`: the generators that decide the order of a pass, by name;
    `reading`: those that reading a sample draws from. `sampler`: what keeps a state of its own
    that a pass begins with; `data`: what keeps one that moves with each batch. `doubt`: why what
    follows so many batches may not be what it was, in one line. `steady`: checks the order.
    """

    begin: Callable[[int], Iterator[Batch]]
    order: dict[str, Generator] = field(default_factory=dict[str, Generator])
    reading: dict[str, Generator] = field(default_factory=dict[str, Generator])
    sampler: HasState | None = None
    data: HasState | None = None
    doubt: Callable[[int], str | None] = _no_doubt
    steady: SteadyLoader | None = None

    @property
    def seen(self) -> int:
        """A checksum of the positions that were read in this pass; 0 where nobody checks."""
        return 0 if self.steady is None else self.steady.seen


def reader_of(feed: Feed) -> Reader:
    """The reader that suits `feed`, as `lampas.data.feed.Source` makes it.

    Raises `MissingExtraError` where torchdata is needed and not installed.
    """
    if isinstance(feed, MemoryFeed):
        return Reader(feed.begin)
    if isinstance(feed, DatasetFeed):
        own = randomness.found_in(feed.dataset, "dataset")
        return Reader(feed.begin, reading=own, data=_Dataset(feed.reading, _stateful(feed.dataset)))
    if isinstance(feed, StreamFeed):
        return _of_stream(feed)
    if isinstance(feed, TensorLoaderFeed):
        if feed.draws_at_once:
            return Reader(feed.begin, generators_of(feed.loader))
        feed = LoaderFeed(feed.loader, feed.device, torch.get_default_dtype())
    if not isinstance(feed, LoaderFeed):
        raise InputError(f"a checkpoint cannot keep the place in a {type(feed).__name__}")
    return _of_map(feed) if is_steady(feed.loader) else _of_iterable(feed)


def _of_map(feed: LoaderFeed) -> Reader:
    """A map-style `DataLoader`: its sampler is asked again for the order, and the samples that
    were read before are not read."""
    loader: DataLoader[Any] = feed.loader
    steady = SteadyLoader(loader)

    def begin(skip: int) -> Iterator[Batch]:
        return feed.read(steady.begin(skip), first=skip + 1)

    def doubt(skip: int) -> str | None:
        if loader.worker_init_fn is None or not skip:
            return None
        return "what the loader's worker_init_fn sets up in its workers begins anew"

    samplers = (loader.batch_sampler, loader.sampler)
    sampler = next((one for one in map(_stateful, samplers) if one is not None), None)
    data = None if loader.num_workers else _stateful(loader.dataset)
    return Reader(begin, steady.order, steady.reading, sampler, data, doubt, steady)


def _of_iterable(feed: LoaderFeed) -> Reader:
    """What knows its own place goes on from it; of anything else batches are read and dropped."""
    loader, own = feed.loader, _stateful(feed.loader)
    if own is not None:
        return _knowing(feed, loader, own)
    if type(loader) is DataLoader and isinstance(loader.dataset, IterableDataset):
        own = _stateful(loader.dataset)
        if own is not None and loader.num_workers:
            loader = _asking_workers(loader)
            return _knowing(feed, loader, loader)
        if own is not None:
            return _knowing(feed, loader, own)
    return _skipping(feed)


def _knowing(feed: LoaderFeed, loader: Any, data: HasState) -> Reader:
    def begin(skip: int) -> Iterator[Batch]:
        return feed.read(iter(loader), first=skip + 1)

    return Reader(begin, data=data)


def _skipping(feed: LoaderFeed) -> Reader:
    def begin(skip: int) -> Iterator[Batch]:
        items = iter(feed.loader)
        deque(islice(items, skip), maxlen=0)
        return feed.read(items, first=skip + 1)

    def doubt(skip: int) -> str | None:
        if isinstance(feed.loader, list) or not skip:
            return None
        data = getattr(feed.loader, "dataset", feed.loader)
        return _again(f"{type(data).__name__} has", skip)

    return Reader(begin, doubt=doubt)


def _of_stream(feed: StreamFeed) -> Reader:
    """A generator that is read on and on, over all epochs."""
    own = _stateful(feed.stream)

    def doubt(skip: int) -> str | None:
        return None if own or not feed.taken else _again("the generator has", feed.taken)

    return Reader(feed.begin, data=_Stream(feed, own), doubt=doubt)


def _again(what: str, count: int) -> str:
    return (
        f"{what} no state_dict: {count} batches were read again and dropped, which is exact if it "
        "yields the same ones again"
    )


class _Stream:
    """The state of a generator: its own, or how many batches were taken from it."""

    def __init__(self, feed: StreamFeed, own: HasState | None) -> None:
        self._feed = feed
        self._own = own

    def state_dict(self) -> dict[str, Any]:
        own = None if self._own is None else self._own.state_dict()
        return {"taken": self._feed.taken, "own": own}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self._own is None:
            self._feed.leave_out(int(state["taken"]))
        else:
            self._own.load_state_dict(state["own"])
            self._feed.taken = int(state["taken"])


class _Dataset:
    """The state of a dataset: its own, and what is known of its draws."""

    def __init__(self, reading: Reading, own: HasState | None) -> None:
        self._reading = reading
        self._own = own

    def state_dict(self) -> dict[str, Any]:
        own = None if self._own is None else self._own.state_dict()
        return {"reading": self._reading.state_dict(), "own": own}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._reading.load_state_dict(state["reading"])
        if self._own is not None:
            self._own.load_state_dict(state["own"])


def _stateful(thing: Any) -> HasState | None:
    has = hasattr(thing, "state_dict") and hasattr(thing, "load_state_dict")
    return cast(HasState, thing) if has else None


def _asking_workers(loader: DataLoader[Any]) -> Any:
    """torchdata's loader over the same data: it asks the datasets in the workers for their
    states."""
    try:
        from torchdata.stateful_dataloader import StatefulDataLoader
    except ImportError:
        raise MissingExtraError(
            "to keep the place of an iterable dataset in worker processes takes torchdata: "
            "pip install 'lampas[resume]'"
        ) from None
    with warnings.catch_warnings():
        # torchdata 0.11 calls a function that newer torch says is deprecated.
        warnings.filterwarnings("ignore", message=".*set_vital")
        return StatefulDataLoader(
            loader.dataset,
            batch_size=loader.batch_size,
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            drop_last=loader.drop_last,
            timeout=loader.timeout,
            worker_init_fn=loader.worker_init_fn,
            multiprocessing_context=loader.multiprocessing_context,
            generator=loader.generator,
            prefetch_factor=loader.prefetch_factor,
            persistent_workers=loader.persistent_workers,
        )
