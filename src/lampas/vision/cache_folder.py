"""Where caches lie, and which of them go when the folder has grown too large."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from lampas import cache

MOST_BYTES = 20 << 30
"""After a new cache file is written, those used least recently go until the rest fit in this."""

SUFFIX = ".pixels"
_STALE = 24 * 3600  # seconds after which a half-written file is nobody's any more


def cache_folder() -> Path:
    """The folder of the images' caches: in `LAMPAS_CACHE` where that variable is set, else in the
    user's cache folder of this system."""
    return cache.cache_folder("images")


def touch(path: Path) -> None:
    """Note that the cache file at `path` was used now."""
    try:
        os.utime(path)
    except OSError:  # read-only, or gone in this moment: its age matters to nobody else
        return


def tidy(folder: Path, keep: Path, most_bytes: int = MOST_BYTES) -> None:
    """Delete cache files of `folder`, the longest unused first, until all fit in `most_bytes`.

    `keep` stays in any case. Half-written files a day old, of processes that were killed, go too.
    A process that still reads a deleted file is not disturbed.
    """
    used = 0
    for path, status in sorted(_files(folder), key=lambda one: -one[1].st_mtime):
        if path.suffix == ".tmp":
            if time.time() - status.st_mtime > _STALE:
                _delete(path)
            continue
        used += status.st_size
        if used > most_bytes and path != keep:
            _delete(path)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.iterdir():
        ours = path.suffix == SUFFIX or (SUFFIX in path.name and path.suffix == ".tmp")
        try:
            if ours and path.is_file() and not path.is_symlink():
                yield path, path.stat()
        except FileNotFoundError:  # another process tidies too
            continue


def _delete(path: Path) -> None:
    try:
        path.unlink()
    except OSError:  # gone already, or (on Windows) in use
        return
