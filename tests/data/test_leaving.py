"""Which datasets others may read, and why not."""

import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from forced import Drawn
from torch import nn
from torch.utils.data import ConcatDataset, Subset

from lampas.data.leaving import Look, cannot_fork, is_same
from lampas.data.reading import Reading

PLACE = (3, 1, [1, 4])


def _why(data: Any, seconds: float = 0.0) -> str | None:
    reading = Reading(data)
    look = Look(reading)
    reading.read(PLACE)
    look.after()
    return look.why_here(PLACE, seconds)


class With(Drawn):
    """A dataset that holds something."""

    def __init__(self, what: Any) -> None:
        super().__init__()
        self.what = what


class Reads(Drawn):
    """A dataset whose samples a function makes."""

    def __init__(self, read: Callable[["Reads", int], Any]) -> None:
        super().__init__()
        self.read = read
        self.kept: dict[int, Any] = {}
        self.seen = 0

    def __getitem__(self, index: int) -> Any:
        return self.read(self, index)


def _doubled() -> Callable[[Any], Any]:
    factor = torch.full((1,), 2.0)
    return lambda x: factor * x


@pytest.mark.parametrize(
    "data",
    [
        Drawn(),
        Subset(Drawn(), range(2, 9)),
        ConcatDataset([Drawn(), Drawn()]),
        With(_doubled()),
        With(nn.Sequential(nn.ReLU(), nn.Dropout())),
        With([("path", 1)] * 100_000),
        With([Path("a"), np.zeros(3), {"a": torch.zeros(2)}, np.float32]),
    ],
)
def test_what_others_may_read(data: Any) -> None:
    assert _why(data) is None


def _method_of(thing: Any) -> Any:
    class Opener:
        def __init__(self) -> None:
            self.inside = thing

        def open(self) -> None: ...

    return Opener().open


@pytest.mark.parametrize("within", [lambda one: one, lambda one: lambda: one, _method_of])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: threading.Lock(), "cannot pickle '_thread.lock' object"),
        (lambda folder: (folder / "file").open(), "cannot pickle '_io.TextIOWrapper' object"),
        (lambda folder: zipfile.ZipFile(folder / "z.zip"), "cannot pickle"),
        (lambda folder: sqlite3.connect(":memory:"), "cannot pickle 'sqlite3.Connection' object"),
        (lambda folder: (one for one in []), "cannot pickle 'generator' object"),
    ],
)
def test_what_cannot_be_shared(make: Any, words: str, within: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("a", "b")
    thing = make(tmp_path)
    try:
        why = _why(With([within(thing)]))
    finally:
        getattr(thing, "close", lambda: None)()
    assert why is not None
    assert why.startswith(f"part of the dataset cannot be shared: {words}")


def test_what_it_holds_or_draws_from() -> None:
    assert _why(With(nn.Linear(2, 1))) == "the dataset holds a net"
    own = "the dataset draws from a generator of its own"
    assert _why(With([np.random.default_rng(0)])) == own

    class Stateful(Drawn):
        def state_dict(self) -> Any: ...

        def load_state_dict(self, state: Any) -> None: ...

    assert _why(Stateful()) == "the dataset has a state that reading moves"
    assert _why(With(torch.empty(1, device="meta"))) == (
        "the dataset holds tensors on an accelerator"
    )


def _counts(data: Reads, index: int) -> Any:
    data.seen += 1
    return torch.ones(1)


def _keeps(data: Reads, index: int) -> Any:
    return data.kept.setdefault(len(data.kept), torch.ones(1))


def _clock(data: Reads, index: int) -> Any:
    return torch.tensor(time.perf_counter(), dtype=torch.float64)


def _new_generator(data: Reads, index: int) -> Any:
    return torch.tensor(np.random.default_rng().random())


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (_counts, "reading changes the dataset"),
        (_keeps, "reading changes the dataset"),
        (_clock, "two readings of a batch differ"),
        (_new_generator, "two readings of a batch differ"),
    ],
)
def test_what_reading_tells(read: Any, why: str) -> None:
    assert _why(Reads(read)) == why


def test_a_file_that_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    np.arange(100.0).tofile(path)
    with open(path, "rb", buffering=0) as file:
        number = file.fileno()

        def seeks(data: Reads, index: int) -> Any:
            with open(number, "rb", buffering=0, closefd=False) as rows:
                rows.seek(8 * index)
                return torch.frombuffer(bytearray(rows.read(8)), dtype=torch.float64)

        assert _why(Reads(seeks)) == "the dataset reads on in an open file"


def test_what_is_kept_somewhere_is_read_again_in_no_time() -> None:
    @lru_cache
    def decoded(index: int) -> torch.Tensor:
        time.sleep(0.02)
        return torch.ones(1)

    def reads(data: Reads, index: int) -> Any:
        return decoded(index)

    assert _why(Reads(reads), 0.04) == "the dataset keeps what it has read"
    assert _why(Reads(reads), 0.0) is None


@pytest.mark.parametrize("read", [_counts, _keeps])
def test_who_counts_is_not_read_more_often(read: Any) -> None:
    data = Reads(read)
    assert _why(data) == "reading changes the dataset"
    assert data.seen + len(data.kept) == 2, "the two samples of one batch"


def test_a_batch_that_cannot_be_read_twice() -> None:
    left = [1, 1]

    def once(data: Reads, index: int) -> Any:
        return torch.tensor(left.pop())

    why = _why(Reads(once))
    assert why == "a batch cannot be read twice: pop from empty list"


def test_processes_that_start_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert cannot_fork() is None
    monkeypatch.setattr("multiprocessing.get_start_method", lambda allow_none: "spawn")
    assert cannot_fork() == "the program has set another way to start processes"
    monkeypatch.setattr("multiprocessing.get_start_method", lambda allow_none: None)
    monkeypatch.setattr("lampas.data.leaving.get_worker_info", lambda: "some")
    assert cannot_fork() == "this is a worker process itself"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cannot_fork() == "on darwin workers would run the program's file once more"


def test_batches_that_are_the_same() -> None:
    nan = torch.tensor([1.0, float("nan")])
    assert is_same([nan, {"a": nan.bfloat16()}, "x"], [nan.clone(), {"a": nan.bfloat16()}, "x"])
    for other in (nan.double(), nan[:1], -nan, torch.tensor([1.0, 2.0]), "x", [nan]):
        assert not is_same(nan, other)
    assert not is_same(torch.tensor([0.0]), torch.tensor([-0.0]))
    assert not is_same({"a": 1}, {"b": 1})
    assert is_same(torch.tensor(True), torch.tensor(True))
