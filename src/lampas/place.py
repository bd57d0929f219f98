"""A folder that one run at a time writes into, so that nothing mixes two runs."""

import os
import platform
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file that this process holds; the system frees that of a process that died."""

    file: "FileLock"

    @classmethod
    def take(cls, folder: Path, name: str) -> "Lock | None":
        """The lock of that name in `folder`, or None where another holds it.

        Raises `OSError` where nothing can be written.
        """
        from filelock import FileLock, Timeout

        file = FileLock(folder / name)
        try:
            file.acquire(timeout=0)
        except Timeout:
            return None
        return cls(file)

    def release(self) -> None:
        """Let others in; nothing is left of the lock."""
        with suppress(OSError):
            Path(self.file.lock_file).unlink()
        self.file.release()


@dataclass(frozen=True, slots=True)
class SignedLock:
    """A lock whose holder can be named: `sign` is the file that says who it is."""

    lock: Lock
    sign: Path

    @classmethod
    def take(cls, folder: Path, name: str) -> "SignedLock | str":
        """The lock of that name in `folder`; where another holds it, who that is, in words.

        Raises `OSError` where nothing can be written.
        """
        sign = folder / f"{name}-by"
        lock = Lock.take(folder, name)
        if lock is None:
            return _signed_by(sign)
        since = datetime.now().isoformat(sep=" ", timespec="seconds")
        try:
            sign.write_text(f"{os.getpid()} {platform.node()} {since}", encoding="utf-8")
        except OSError:
            lock.release()
            raise
        return cls(lock, sign)

    def release(self) -> None:
        """Let others in; nothing is left of the lock."""
        with suppress(OSError):
            self.sign.unlink()
        self.lock.release()


def _signed_by(sign: Path) -> str:
    """Who signed, in words; a sign of a moment ago may not be there yet."""
    try:
        with sign.open(encoding="utf-8", errors="replace") as file:
            pid, host, since = file.read(300).split(" ", 2)
        return f"process {int(pid)} on {host:.80} since {since:.19}"
    except (OSError, ValueError):
        return "another process"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is ours until `release`. `note`: a line to say where it is not the one asked
    for, else None."""

    folder: Path
    lock: Lock
    note: str | None

    def release(self) -> None:
        """Let others write here."""
        self.lock.release()


def claim(folder: Path, lock: str, why_not: Callable[[Path], str | None] = lambda _: None) -> Place:
    """`folder`, or a numbered sub-folder of it where another writer is at work, or where `why_not`
    gives a reason. lock: the name of the file that is locked while one writes.

    Raises `OSError` where nothing can be written.
    """
    why: str | None = None
    for number in count(1):
        place = folder if number == 1 else folder / str(number)
        place.mkdir(parents=True, exist_ok=True)
        taken = Lock.take(place, lock)
        reason = "is being written by another program" if taken is None else why_not(place)
        if taken is not None and reason is None:
            return Place(place, taken, why and f"{folder} {why}; this goes into {place}")
        if taken is not None:
            taken.release()
        why = why or reason
    raise AssertionError


def why_unwritable(folder: Path) -> str | None:
    """Make `folder` and try to write in it: the reason where that fails, else None.

    A file is really written: permission bits say nothing on many network disks.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return "it is a file" if folder.is_file() else error.strerror
