"""A place in the data: kept at any batch, found again by a fresh feed, the same from there on."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from forced import Drawn
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from lampas import randomness, seed
from lampas.data.balanced import BalancedSampler
from lampas.data.bookmark import Bookmark
from lampas.data.feed import make_source
from lampas.tree import pack, unpack

ROWS = 23
X = torch.arange(float(ROWS))[:, None]
CPU = torch.device("cpu")


class _Noisy(Dataset[Any]):
    def __init__(self) -> None:
        self.own = np.random.default_rng(3)
        self.read: list[int] = []

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, index: int) -> Tensor:
        self.read.append(index)
        noise = [torch.rand(()).item(), random.random(), np.random.rand(), self.own.random()]
        return torch.tensor([float(index), *noise])


class _Shuffled(Sampler[int]):
    """A sampler of the user's: it draws from Python's state, all at once."""

    def __iter__(self) -> Iterator[int]:
        order = list(range(ROWS))
        random.shuffle(order)
        return iter(order)

    def __len__(self) -> int:
        return ROWS


class _Counted(_Noisy):
    """A map-style dataset whose samples tell how many were read before them."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __getitem__(self, index: int) -> Tensor:
        self.count += 1
        return torch.tensor([float(index), float(self.count)])

    def state_dict(self) -> dict[str, int]:
        return {"count": self.count}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.count = state["count"]


class _Rounds(_Shuffled):
    """Counts its passes: its order depends on that number."""

    def __init__(self) -> None:
        self.round = 0

    def __iter__(self) -> Iterator[int]:
        self.round += 1
        return iter([(index * self.round) % ROWS for index in range(ROWS)])

    def state_dict(self) -> dict[str, int]:
        return {"round": self.round}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.round = state["round"]


class _Counting(IterableDataset[Any]):
    def __init__(self) -> None:
        self.done = 0

    def __iter__(self) -> Iterator[Tensor]:
        while self.done < ROWS:
            self.done += 1
            yield torch.tensor([float(self.done)])
        self.done = 0

    def state_dict(self) -> dict[str, int]:
        return {"done": self.done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.done = state["done"]


class _Plain(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Tensor]:
        yield from X


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(9)


def _tensors(**options: Any) -> DataLoader[Any]:
    return DataLoader(TensorDataset(X), 4, **options)


MADE: dict[str, Callable[[], Any]] = {
    "memory": lambda: X,
    "tensors": lambda: _tensors(shuffle=True),
    "tensors with a generator": lambda: _tensors(shuffle=True, generator=_generator()),
    "weighted": lambda: _tensors(sampler=WeightedRandomSampler([1.0] * ROWS, 30)),
    "replacement": lambda: _tensors(
        sampler=RandomSampler(X.tolist(), replacement=True, num_samples=70)
    ),
    "subset": lambda: _tensors(sampler=SubsetRandomSampler(range(3, 19), _generator())),
    "balanced": lambda: _tensors(sampler=BalancedSampler([0] * 20 + [1] * 3)),
    "a user's sampler": lambda: _tensors(sampler=_Shuffled()),
    "a sampler with a state": lambda: DataLoader(_Noisy(), 4, sampler=_Rounds()),
    "noise": lambda: DataLoader(_Noisy(), 4, shuffle=True),
    "a dataset": lambda: Drawn(ROWS),
    "a dataset with a generator": _Noisy,
    "a dataset with a state": _Counted,
    "lists of numbers": lambda: DataLoader(
        _Rows(), batch_size=None, sampler=BatchSampler(RandomSampler(range(ROWS)), 4, False)
    ),
    "iterable with a state": lambda: DataLoader(_Counting(), 4),
    "a list of batches": lambda: [(one,) for one in X.split(4)],
}


class _Rows(Dataset[Any]):
    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, numbers: Any) -> Tensor:
        return X[torch.tensor(numbers)]


def _bookmark(made: Any, steps: int | None = None) -> tuple[Any, Bookmark]:
    kept: list[Bookmark] = []

    def around(feed: Any) -> Bookmark:
        kept.append(Bookmark(feed))
        return kept[0]

    source = make_source(made, None, None, CPU, torch.float32)
    return source.feed(4, shuffle=True, steps=steps, around=around), kept[0]


def _read(feed: Any, count: int | None = None) -> list[Any]:
    """The next batches of a pass, with a draw after each, as dropout makes one."""
    found: list[Any] = []
    for batch in feed:
        found.append([batch.x.tolist(), torch.rand(1).item(), np.random.rand(), random.random()])
        if len(found) == count:
            break
    return found


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("done", [0, 1, 3, "all but one"])
def test_a_place_is_found_again_by_a_fresh_feed(name: str, done: int | str) -> None:
    seed(4)
    feed, _ = _bookmark(MADE[name]())
    whole = [_read(feed), _read(feed)]
    count = len(whole[1]) - 1 if isinstance(done, str) else done

    seed(4)
    feed, bookmark = _bookmark(MADE[name]())
    _read(feed)
    if count:
        assert _read(feed, count) == whole[1][:count]
    place = unpack(*pack(bookmark.place()))
    states = randomness.take()

    seed(99)  # as a new process may have it
    feed, bookmark = _bookmark(MADE[name]())
    assert bookmark.go_to(place) == []
    randomness.put(states)
    assert _read(feed) == whole[1][count:]


def test_what_was_read_before_is_not_read_again() -> None:
    seed(1)
    feed, bookmark = _bookmark(DataLoader(_Noisy(), 4, shuffle=True))
    _read(feed, 5)
    place = bookmark.place()
    data = _Noisy()
    feed, bookmark = _bookmark(DataLoader(data, 4, shuffle=True))
    bookmark.go_to(place)
    assert data.read == []
    assert len(_read(feed)) == 1
    assert len(data.read) == 3


@pytest.mark.parametrize("steps", [3, 6, 7])
def test_epochs_that_read_on_are_found_again(steps: int) -> None:
    seed(2)
    feed, _ = _bookmark(X, steps)
    whole = [_read(feed) for _ in range(4)]
    for done in range(1, 4):
        seed(2)
        feed, bookmark = _bookmark(X, steps)
        for _ in range(done):
            _read(feed)
        place, states = unpack(*pack(bookmark.place())), randomness.take()
        feed, bookmark = _bookmark(X, steps)
        bookmark.go_to(place)
        randomness.put(states)
        assert _read(feed) == whole[done]


def test_an_iterable_without_a_state_is_read_again_and_says_so() -> None:
    feed, bookmark = _bookmark(DataLoader(_Plain(), 4))
    first = _read(feed, 2)
    place = bookmark.place()
    feed, bookmark = _bookmark(DataLoader(_Plain(), 4))
    (line,) = bookmark.go_to(place)
    assert line == (
        "_Plain has no state_dict: 2 batches were read again and dropped, which is exact if it "
        "yields the same ones again"
    )
    assert _read(feed)[0][0] != first[0][0]


def test_another_order_is_told() -> None:
    class Odd(_Shuffled):
        def __iter__(self) -> Iterator[int]:
            return iter(np.random.default_rng().permutation(ROWS).tolist())

    feed, bookmark = _bookmark(_tensors(sampler=Odd()))
    _read(feed, 2)
    place = bookmark.place()
    feed, bookmark = _bookmark(_tensors(sampler=Odd()))
    assert bookmark.go_to(place) == [
        "the loader's sampler gives another order than in the saved run"
    ]


def test_other_generators_are_told() -> None:
    feed, bookmark = _bookmark(_tensors(shuffle=True, generator=_generator()))
    _read(feed, 2)
    place = bookmark.place()
    _, bookmark = _bookmark(_tensors(shuffle=True))
    assert bookmark.go_to(place) == [
        "the data keep other random generators than in the saved run: generator"
    ]
