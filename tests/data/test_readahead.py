"""Processes that read ahead: in order, never too far, and gone when they are not needed."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from lampas.data.readahead import ReadAhead, ReaderError
from lampas.data.reading import Place

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")


def _places(count: int) -> Iterator[Place]:
    return iter([(0, number, [number]) for number in range(count)])


def _read(place: Place) -> Any:
    return torch.tensor(place[2]), str(place[1]), os.getpid()


def _ahead(
    count: int, places: Iterator[Place], read: Callable[[Place], Any] = _read, **options: Any
) -> ReadAhead:
    given: dict[str, Any] = {"slot_bytes": 1000, "timeout": 20.0, **options}
    return ReadAhead(read, places, count, given.pop("depth", 2), **given)


def _are_gone(ahead: ReadAhead) -> bool:
    ahead.close()
    found = f"/proc/self/task/{os.getpid()}/children"
    return not Path(found).read_text().split()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("batches", [1, 2, 7])
def test_all_batches_come_in_order(count: int, batches: int) -> None:
    places = _places(batches)
    ahead = _ahead(count, places)
    found = [ahead.next() for _ in range(batches)]
    assert [(row.item(), text) for row, text, _ in found] == [(n, str(n)) for n in range(batches)]
    assert len({pid for *_, pid in found}) == min(count, batches)
    assert os.getpid() not in {pid for *_, pid in found}
    assert len(list(places)) == batches, "this process's own places are where they were"
    assert _are_gone(ahead)


def test_none_reads_further_ahead_than_it_may(tmp_path: Path) -> None:
    def read(place: Place) -> Any:
        (tmp_path / str(place[1])).touch()
        return torch.tensor(place[1])

    ahead = _ahead(2, _places(20), read, depth=2)
    for done in range(3):
        assert ahead.next() == done
        time.sleep(0.3)
        assert len(list(tmp_path.iterdir())) == done + 5
    assert _are_gone(ahead)


def test_an_error_is_told_in_a_few_words() -> None:
    def read(place: Place) -> Any:
        if place[1] == 3:
            raise ValueError("no such row")
        return torch.ones(1)

    ahead = _ahead(2, _places(9), read)
    for _ in range(3):
        ahead.next()
    with pytest.raises(ReaderError, match=r"^ValueError: no such row$"):
        ahead.next()
    assert _are_gone(ahead)


def test_one_that_dies_is_told() -> None:
    def read(place: Place) -> Any:
        if place[1] == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.ones(1)

    ahead = _ahead(2, _places(9), read)
    ahead.next()
    with pytest.raises(ReaderError, match=r"^it ended with code -9$"):
        ahead.next()
    assert _are_gone(ahead)


def test_one_that_hangs_is_told_and_killed() -> None:
    def read(place: Place) -> Any:
        time.sleep(60)

    ahead = _ahead(1, _places(9), read, timeout=0.2)
    with pytest.raises(ReaderError, match=r"^it did not answer for 0 s$"):
        ahead.next()
    start = time.monotonic()
    assert _are_gone(ahead)
    assert time.monotonic() - start < 5
    with pytest.raises(ReaderError, match="ended"):
        ahead.next()


def test_signals_are_the_parents_business() -> None:
    def read(place: Place) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    ahead = _ahead(1, _places(3), read)
    assert [ahead.next() for _ in range(3)] == [True] * 3
    assert _are_gone(ahead)


@pytest.mark.parametrize("seconds", [0.0, 30.0])
def test_they_end_with_their_parent(seconds: float, tmp_path: Path) -> None:
    """One that is killed has no time to end anybody, and one that reads none to notice."""

    def read(place: Place) -> Any:
        if place[1] > 1:
            time.sleep(seconds)
        return _read(place)

    parent = os.fork()
    if parent == 0:
        ahead = _ahead(2, _places(1000), read)
        pids = [str(ahead.next()[2]) for _ in range(2)]
        (tmp_path / "new").write_text(" ".join(pids))
        (tmp_path / "new").rename(tmp_path / "pids")
        time.sleep(60)
        os._exit(0)
    while not (tmp_path / "pids").exists():
        time.sleep(0.01)
    pids = (tmp_path / "pids").read_text().split()
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    until = time.monotonic() + 10
    while any(map(_is_running, pids)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(_is_running, pids))


def _is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_nothing_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def files() -> int:
        return len(os.listdir("/proc/self/fd"))

    _ahead(2, _places(4)).close()
    before = files()
    for _ in range(5):
        ahead = _ahead(2, _places(4))
        ahead.next()
        assert _are_gone(ahead)
    assert files() == before
    forked, made = os.fork, []

    def fails() -> int:
        if made:
            raise OSError(11, "Resource temporarily unavailable")
        made.append(forked())
        return made[0]

    monkeypatch.setattr(os, "fork", fails)
    with pytest.raises(OSError, match="temporarily"):
        _ahead(2, _places(4))
    assert files() <= before + 4, "pipes that multiprocessing had made for the one that failed"
    assert not Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
