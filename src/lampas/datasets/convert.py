"""From what a home sends to the file that we know: the same bytes on every machine.

Nothing is unpacked onto the disk: what an archive holds is read member by member, and only members
whose names have the form that we expect are looked at.
"""

import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_CHUNK = 1 << 20
_PICTURE = re.compile(r"[^/]+/data/(cifar2/(?:train|test)/(?:airplane|automobile)/\d{1,4}\.jpg)")
_LARGEST = 10_000  # bytes; the JPEGs have about 900
_PICTURES = 12_000
_NEW_YEAR_2020 = 1_577_836_800


class UnreadableError(Exception):
    """What came is nothing that we can read; the text says what it is not."""


def as_it_is(raw: Path) -> Iterator[bytes]:
    """The bytes of `raw`."""
    with raw.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def with_crlf(raw: Path) -> Iterator[bytes]:
    """The lines of `raw` as Windows ends them: Git keeps some tables with its own line ends."""
    with raw.open("rb") as file:
        while lines := file.readlines(_CHUNK):
            yield b"".join(lines).replace(b"\n", b"\r\n")


def cifar2_tar(raw: Path) -> Iterator[bytes]:
    """The pictures below data/cifar2 in the .tar.gz of a repository, in a tar of their own.

    Owner, rights, times and order are fixed, so the tar is the same to the byte. It is built in
    memory: 19 MB.
    """
    try:
        pictures = _pictures(raw)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise UnreadableError(f"it is no .tar.gz that can be read ({error})") from error
    built = io.BytesIO()
    with tarfile.open(fileobj=built, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted([*pictures, *_folders(pictures)]):
            tar.addfile(_entry(name, pictures.get(name)), io.BytesIO(pictures.get(name, b"")))
    yield built.getvalue()


def _pictures(raw: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(raw, "r|gz") as archive:
        for member in archive:
            named = _PICTURE.fullmatch(member.name)
            if named and member.isreg() and member.size <= _LARGEST and len(found) < _PICTURES:
                content = archive.extractfile(member)
                assert content is not None  # a regular file has content
                found[named[1]] = content.read()
    return found


def _folders(pictures: dict[str, bytes]) -> set[str]:
    """With a slash at the end, which puts them before what is in them."""
    return {f"{parent}/" for name in pictures for parent in list(PurePosixPath(name).parents)[:-1]}


def _entry(name: str, content: bytes | None) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name.rstrip("/"))
    entry.mtime, entry.uname, entry.gname = _NEW_YEAR_2020, "root", "root"
    if content is None:
        entry.type, entry.mode = tarfile.DIRTYPE, 0o775
    else:
        entry.size, entry.mode = len(content), 0o664
    return entry
