"""A tar that is read front to back, and says where it is cut: Python's own then just ends."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from tarfile import (
    GNUTYPE_LONGLINK,
    GNUTYPE_LONGNAME,
    GNUTYPE_SPARSE,
    SOLARIS_XHDTYPE,
    XGLTYPE,
    XHDTYPE,
    HeaderError,
    ReadError,
    TarFile,
    TarInfo,
)
from typing import Any, BinaryIO, NoReturn, Self, cast

_NOTES = (GNUTYPE_LONGLINK, GNUTYPE_LONGNAME, SOLARIS_XHDTYPE, XGLTYPE, XHDTYPE)
_PACKINGS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open, b"\x5d\0\0\x80": lzma.open,
}  # fmt: skip
_LONGEST = 1 << 20  # bytes of a note on the next member, which is read into memory whole


class Header(TarInfo):
    """The header of a member: one that is cut short or damaged is an error, wherever it stands.

    `tarfile` takes such a one for the end of the archive, unless it is the first.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in a block of 512 bytes. Raises `ReadError` where they are none, nor zeros;
        for a note that no member needs so long, and for a sparse file, whose map has no bound."""
        try:
            found = super().frombuf(buf, encoding, errors)
        except HeaderError as error:
            if not any(buf):
                raise  # the end, with its mark or without
            raise ReadError(str(error)) from None
        if found.type in _NOTES and found.size > _LONGEST:
            raise ReadError(f"a note on a member has {found.size:,} bytes")
        if found.type == GNUTYPE_SPARSE:
            cls._refuse_sparse()
        if found.size < 0:
            raise ReadError("a member of less than no bytes")
        return found

    @staticmethod
    def _refuse_sparse(*_: Any) -> NoReturn:
        raise ReadError("a sparse file")

    # Those that notes tell of, in three spellings.
    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse_sparse


class WholeTar(TarFile):
    """See `opened`; what is missing raises `tarfile.ReadError`."""

    tarinfo = Header

    def in_turn(self) -> Iterator[TarInfo]:
        """The members one by one, as a compressed stream has to be read."""
        while (info := self.next()) is not None:
            # It would remember them all, at 2 kB each.
            self.members.clear()  # pyright: ignore[reportAttributeAccessIssue]
            yield info

    @property
    def has_end(self) -> bool:
        """Whether a block of zeros stood behind the last member; to be asked after that one.

        Some programs leave it out, so an archive without it may be whole; one that was cut
        between two members looks the same.
        """
        return self.fileobj.tell() > self.offset


@contextmanager
def opened(path: str) -> Generator[WholeTar]:
    """The tar at `path`, packed or not, to be read front to back.

    It is unpacked some kilobytes at a time: `tarfile` alone unpacks ten of them at once whatever
    they become, and ten of bzip2 may become a gigabyte.
    """
    with open(path, "rb") as file:
        start = file.read(8)
        file.seek(0)
        unpack = next((one for mark, one in _PACKINGS.items() if start.startswith(mark)), None)
        plain = cast(BinaryIO, file if unpack is None else unpack(file))
        with plain, WholeTar.open(fileobj=plain, mode="r|") as archive:
            yield archive
