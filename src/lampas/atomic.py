"""A file that is there whole or not at all, whatever happens while it is written."""

import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from lampas.errors import ArtifactError, InputError


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Generator[BinaryIO]:
    """A binary file to write into, which takes the name `path` when the block ends well.

    Until then it has another name in the same folder, which goes away with an exception, also
    with Ctrl-C; a file that was at `path` before stays as it was. Missing folders are made. The
    bytes and the name are on the disk when the block has ended. A link is followed.

    Raises `InputError` where nothing can be written there, `ArtifactError` where the writing
    fails half-way, as on a full disk, and where only the new name cannot be brought to the disk.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(f"{folder}/run/a.bin") as file:
    ...         written = file.write(b"all of it")
    ...     pathlib.Path(folder, "run", "a.bin").read_bytes()
    b'all of it'
    """
    target = os.path.realpath(path)
    temporary = f"{os.path.dirname(target)}/.{os.path.basename(target)}.{uuid.uuid4().hex[:8]}.tmp"
    file = _open(os.fspath(path), target, temporary)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        sync_folder(os.path.dirname(target))
    except BaseException as error:
        _remove(temporary)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise ArtifactError(f"cannot write {os.fspath(path)}: {reason}") from error
        raise


def _open(path: str, target: str, temporary: str) -> BinaryIO:
    """The temporary file, opened; "xb" gives it the rights that any new file gets here."""
    if not os.path.basename(path) or os.path.isdir(target):
        example = os.path.join(path, "model.lampas")
        raise InputError(f"cannot write {path}: it is a folder: add a file name, as {example}")
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        return open(temporary, "xb")
    except (FileExistsError, NotADirectoryError) as error:
        above = _file_above(target)
        raise InputError(f"cannot write {path}: {above} is a file, not a folder") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot write {path}: {reason}: choose another folder") from error


def _file_above(target: str) -> str:
    """The first thing on the way to `target` that is there and no folder."""
    above = os.path.dirname(target)
    while not os.path.exists(above) and above != os.path.dirname(above):
        above = os.path.dirname(above)
    return above


def _remove(temporary: str) -> None:
    with suppress(OSError):  # a disk that only reads keeps it; what was wrong first is told
        os.unlink(temporary)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Make the new name last through a power cut; only POSIX lets a folder be synced."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
