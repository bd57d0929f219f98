"""What is noticed of a change, and what is none."""

from collections import deque
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lampas.data.stamp import places_in_files, stamp


class Inner:
    def __init__(self) -> None:
        self.p = 0.5


class Thing:
    def __init__(self) -> None:
        self.number = 1
        self.inner = Inner()
        self.rows: list[Any] = [None] * 5
        self.many: list[Any] = [None] * 3000
        self.found: dict[int, Any] = {}
        self.waiting: deque[int] = deque()
        self.mask = np.zeros(4, bool)
        self.tensor = torch.zeros(3)
        self.steps = nn.Sequential(nn.ReLU(), nn.Dropout(0.1))
        self.own = np.random.default_rng(0)
        self.itself = self

    @lru_cache  # noqa: B019  # as datasets do
    def read(self, index: int) -> int:
        return index


def _set_p(thing: Thing) -> None:
    thing.inner.p = 0.1


def _set_module(thing: Thing) -> None:
    thing.steps[1].p = 0.3


CHANGES = {
    "a number": lambda t: setattr(t, "number", 2),
    "an attribute's attribute": _set_p,
    "a part of a module": _set_module,
    "an item": lambda t: t.rows.__setitem__(2, "read"),
    "an item of many": lambda t: t.many.__setitem__(2000, "read"),
    "a key": lambda t: t.found.update({3: "read"}),
    "a deque": lambda t: t.waiting.append(1),
    "an array": lambda t: t.mask.__setitem__(1, True),
    "a tensor": lambda t: t.tensor.add_(1),
    "another tensor": lambda t: setattr(t, "tensor", torch.zeros(3)),
    "a method that keeps": lambda t: t.read(5),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_noticed(name: str) -> None:
    thing = Thing()
    before = stamp(thing, 1000)
    assert stamp(thing, 1000) == before
    kept = thing.tensor  # so that no new one gets its place
    CHANGES[name](thing)
    assert stamp(thing, 1000) != before
    del kept


def test_draws_and_large_arrays_are_no_change() -> None:
    thing = Thing()
    thing.mask = np.zeros(1 << 17, bool)
    before = stamp(thing, 1000)
    thing.own.random()
    thing.mask[0] = True
    assert stamp(thing, 1000) == before


def test_only_so_many_are_looked_at() -> None:
    assert len(stamp([[number] for number in range(500)], 1000)) == 1000
    assert len(stamp(Thing(), 20)) == 20


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="read from Linux's /proc")
def test_places_in_files(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"x" * 100_000)
    with open(path, "rb", buffering=0) as file, open(tmp_path / "log", "w") as log:
        (name,) = [one for one in places_in_files() if str(tmp_path) in one]
        assert name == f"{file.fileno()} {path}"
        assert places_in_files()[name] == "0"
        file.read(10)
        log.write("more")
        assert places_in_files()[name] == "10"
    assert name not in places_in_files()
