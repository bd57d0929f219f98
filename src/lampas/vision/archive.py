"""Images in a tar or zip: members are streamed into memory, and nothing is ever extracted."""

import lzma
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from lampas.errors import DataError
from lampas.vision.source import MOST_BYTES
from lampas.vision.tree import Tree, is_image, make_tree
from lampas.vision.whole_tar import opened

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

_MOST_TIMES = 100  # as many bytes as the archive has itself: images hardly get smaller
_ANYWAY = 64 << 20  # bytes that any archive may hold

DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # of zipfile: a kind of compression that it has not
)
"""What archives that are damaged raise."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive. `fault`: why it must not be there; "" where it may."""

    name: str
    size: int
    is_folder: bool
    fault: str


def is_archive(path: str) -> bool:
    """Whether the suffix of `path` is one of an archive."""
    return path.lower().endswith(SUFFIXES)


def list_archive(path: str) -> Tree:
    """The images in the archive at `path`, in its order.

    Raises `DataError`, naming the member, for one that lies outside of the archive (an absolute
    path, or one with ".."), a link or another special file, an encrypted one, an image of more
    than 256 MiB, one that is there twice; and for a file that is damaged, cut short or no archive.
    A tar without its end mark may be whole: `Tree.doubt` says so.
    """
    names: dict[str, None] = {}
    folders: list[str] = []
    doubts: list[str] = []
    unpacked, most = 0, _MOST_TIMES * os.path.getsize(path) if os.path.isfile(path) else 0
    with _damage_told(path):
        for member in _zip_members(path) if _is_zip(path) else _tar_members(path, doubts):
            name = _checked(path, member)
            unpacked += member.size
            if unpacked > max(most, _ANYWAY):
                raise DataError(
                    f"{path}: it claims over {unpacked:,} bytes, more than {_MOST_TIMES} times its "
                    "own: a decompression bomb; unpack it yourself if you trust it"
                )
            if member.is_folder:
                folders.append(name)
            elif name in names:
                raise DataError(f"{path}: member {name!r} is there twice: make the archive anew")
            else:
                names[name] = None
    return replace(make_tree(path, names, folders), doubt="".join(doubts))


@dataclass(frozen=True, slots=True)
class Archive:
    """The tar or zip file at `path`; names are those of its members."""

    path: str

    def stream(self, names: Sequence[str]) -> Iterator[tuple[int, bytes | str]]:
        """See `Source`: one pass over the archive, whatever the order of `names`."""
        wanted: dict[str, list[int]] = {}
        for position, name in enumerate(names):
            wanted.setdefault(name, []).append(position)
        with _damage_told(self.path):
            read = _zip_bytes if _is_zip(self.path) else _tar_bytes
            for name, data in read(self.path, wanted):
                for position in wanted.pop(name):
                    yield position, data
        if wanted:
            raise DataError(f"{self.path}: member {next(iter(wanted))!r} is gone: it was changed")

    def shown(self, name: str) -> str:
        """The member's name after the archive's."""
        return f"{self.path}: {name}"


def _is_zip(path: str) -> bool:
    return path.lower().endswith(".zip")


def _checked(path: str, member: Member) -> str:
    """The member's name with "/" between folders, after all that may be wrong with it."""
    name = member.name.rstrip("/")
    if "\0" in name or re.match(r"[/\\]|[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name):
        raise DataError(f"{path}: member {name!r} lies outside of the archive: do not trust it")
    if member.fault:
        raise DataError(f"{path}: member {name!r} {member.fault}")
    if is_image(name) and member.size > MOST_BYTES:
        raise DataError(
            f"{path}: member {name!r} claims {member.size:,} bytes: no image may have more than "
            f"{MOST_BYTES >> 20} MiB"
        )
    return _plain(name)


def _plain(name: str) -> str:
    """ "./a//b/" as "a/b"."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _zip_members(path: str) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            fault = "is encrypted: decrypt the archive" if info.flag_bits & 1 else ""
            if stat.S_ISLNK(info.external_attr >> 16):
                fault = _LINK
            yield Member(info.filename, info.file_size, info.is_dir(), fault)


def _tar_members(path: str, doubts: list[str]) -> Iterator[Member]:
    """The members; what is doubtful of the whole of them is added to `doubts`."""
    with opened(path) as archive:
        for info in archive.in_turn():
            fault = _LINK if info.issym() or info.islnk() else "is no file: remove it"
            here = info.isreg() or info.isdir()
            yield Member(info.name, info.size, info.isdir(), "" if here else fault)
        if not archive.has_end:
            doubts.append(f"{path} has no end mark: it was cut short, or written without one")


_LINK = "is a link: put the file itself in its place"


def _zip_bytes(path: str, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and (name := _plain(info.filename)) in wanted:
                yield name, archive.read(info)


def _tar_bytes(path: str, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    with opened(path) as archive:
        for info in archive.in_turn():
            if info.isreg() and (name := _plain(info.name)) in wanted:
                file = archive.extractfile(info)
                yield name, b"" if file is None else file.read()


@contextmanager
def _damage_told(path: str) -> Generator[None]:
    try:
        yield
    except DataError:
        raise
    except DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path}: not a whole archive ({reason}): fetch or make it anew") from error
