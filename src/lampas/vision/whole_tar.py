"""A tar that is read front to back, and says where it is cut: Python's own then just ends."""

from collections.abc import Iterator
from tarfile import HeaderError, ReadError, TarFile, TarInfo
from typing import Self


class Header(TarInfo):
    """The header of a member: one that is cut short or damaged is an error, wherever it stands.

    `tarfile` takes such a one for the end of the archive, unless it is the first.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in a block of 512 bytes. Raises `ReadError` where they are none, nor zeros."""
        try:
            return super().frombuf(buf, encoding, errors)
        except HeaderError as error:
            if not any(buf):
                raise  # the end, with its mark or without
            raise ReadError(str(error)) from None


class WholeTar(TarFile):
    """Open it with `WholeTar.open(path, "r|*")`; what is missing raises `tarfile.ReadError`."""

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
