"""Bringing a data set's files into the cache: home after home, until the SHA-256 is right."""

import hashlib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lampas.atomic import whole_file
from lampas.datasets.catalogue import Dataset, File, Home
from lampas.datasets.convert import UnreadableError
from lampas.datasets.download import FetchError, fetch, host
from lampas.datasets.find import sha256
from lampas.errors import DownloadError


class _WrongBytesError(Exception):
    """What a home sends is not the file; the text says what it is."""


def bring(name: str, wanted: Dataset, cache: Path) -> None:
    """Put the files of the data set `name` into its folder in `cache`.

    Of two processes that want the same, one waits for the other and finds the files there. What
    is half brought stays in `cache`/.partial, and the next call goes on from there. A file takes
    its name when its SHA-256 is right and not before; what has a wrong one is thrown away.

    Raises `DownloadError`, with what each home answered and what to put where by hand.
    """
    partial = cache / ".partial"
    with _alone(partial / f"{name}.lock", name):
        for file in wanted.files:
            target = cache / wanted.folder / file.name
            if not target.is_file() or sha256(target) != file.sha256:
                _from_somewhere(name, wanted, file, target, partial)


@contextmanager
def _alone(lock: Path, name: str) -> Generator[None]:
    """Inside, no other process brings the same; the system frees the lock of one that died."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        guard = FileLock(lock)
        try:
            guard.acquire(timeout=0)
        except Timeout:
            print(f"{name}: another process is bringing it; waiting for it", file=sys.stderr)
            guard.acquire()
    except (OSError, NotImplementedError) as error:  # the latter: a disk without locks
        reason = getattr(error, "strerror", None) or error
        raise DownloadError(
            f"cannot write in {lock.parent}: {reason}: name another folder with LAMPAS_CACHE"
        ) from error
    try:
        yield
    finally:
        guard.release()


def _from_somewhere(name: str, wanted: Dataset, file: File, target: Path, partial: Path) -> None:
    failures: list[tuple[str, FetchError | UnreadableError | _WrongBytesError]] = []
    for home in file.homes:
        part = partial / f"{file.name}.{hashlib.sha256(home.url.encode()).hexdigest()[:8]}.part"
        try:
            _from_home(home, file, part, target)
        except (FetchError, UnreadableError, _WrongBytesError) as failure:
            failures.append((home.url, failure))
        else:
            for left in partial.glob(f"{file.name}.*.part*"):
                left.unlink(missing_ok=True)
            return
    offline = all(isinstance(failure, FetchError) and failure.unreached for _, failure in failures)
    if offline:
        said = "; ".join(f"{host(url)}: {failure}" for url, failure in failures)
        reason = f"no network ({said})"
    else:
        reason = "; ".join(f"{url}: {failure}" for url, failure in failures)
    raise DownloadError(
        f"{name} cannot be downloaded: {reason}; put {_by_hand(wanted)} into {target.parent}"
    )


def _by_hand(wanted: Dataset) -> str:
    return " and ".join(f"{file.name}, sha-256 {file.sha256}," for file in wanted.files)


def _from_home(home: Home, file: File, part: Path, target: Path) -> None:
    """A part of an earlier call may be of an older version: then it is brought whole, once."""
    resumed = part.exists()
    fetch(home.url, part, home.most, file.name)
    try:
        _place(home, file, part, target)
    except (_WrongBytesError, UnreadableError):
        part.unlink()
        if not resumed:
            raise
        _from_home(home, file, part, target)


def _place(home: Home, file: File, part: Path, target: Path) -> None:
    digest = hashlib.sha256()
    with whole_file(target) as out:
        for chunk in home.convert(part):
            digest.update(chunk)
            out.write(chunk)
        if digest.hexdigest() != file.sha256:
            raise _WrongBytesError(
                f"what it sends has the sha-256 {digest.hexdigest()}, not {file.sha256}"
            )
