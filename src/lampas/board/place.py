"""Which folder a log goes into: one that nobody else writes, so that no chart mixes two runs."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

_LOCK = ".writing"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is ours until `release`. `note`: a line to say where it is not the one asked
    for, else None."""

    folder: Path
    lock: "FileLock"
    note: str | None

    def release(self) -> None:
        """Let others write here."""
        self.lock.release()


def claim(folder: Path) -> Place:
    """`folder`, or a numbered sub-folder of it where another writer is at work.

    The system frees the lock of a process that died. Raises `OSError` where nothing can be
    written.
    """
    return _first(folder, lambda _: True)


def claim_new(folder: Path) -> Place:
    """`folder`, or a numbered sub-folder of it where a log stands or another writer is at work."""
    return _first(folder, lambda place: not has_events(place))


def has_events(folder: Path) -> bool:
    """Whether an event file stands in `folder` or the folders of a run below it.

    >>> has_events(Path("/nowhere"))
    False
    """
    places = (folder, folder / "train", folder / "validation")
    return any(any(place.glob("events.out.tfevents.*")) for place in places)


def _first(folder: Path, suits: Callable[[Path], bool]) -> Place:
    from filelock import FileLock, Timeout

    why = ""
    for number in count(1):
        place = folder if number == 1 else folder / str(number)
        place.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place / _LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            why = why or "is being written by another program"
            continue
        if suits(place):
            return Place(place, lock, f"{folder} {why}; this goes into {place}" if why else None)
        lock.release()
        why = why or "holds the log of another run"
    raise AssertionError
