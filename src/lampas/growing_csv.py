"""A CSV file of epochs that grows, and is whole at every moment."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import RawIOBase
from pathlib import Path

from lampas.atomic import whole_file
from lampas.errors import InputError


class GrowingCSV:
    """Rows of numbers in the CSV file `path`, whose first column is the epoch.

    Columns are in the order they first come. A row that brings a new one has the file written
    anew with the wider head, beside its old self and then in its place. The first rows replace
    what stood there, unless `append` is set. owner: who is named in errors.
    """

    def __init__(self, path: Path, owner: str, append: bool = False) -> None:
        self.path = path
        self._columns = ["epoch"]
        self._fresh, self._keeps = True, append
        if append and path.exists():
            self._columns = _read(path, owner)[0]
        self._owner = owner

    def write(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Add `rows`. Raises `OSError` where they cannot be written: then none of them is there,
        nor a part of one; where the file is written anew, the errors of `whole_file`."""
        new = dict.fromkeys(name for row in rows for name in row if name not in self._columns)
        if not (new or self._fresh):
            _append(self.path, _lines(rows, self._columns))
            return
        dropped = self._fresh and not self._keeps
        old = [] if dropped else _read(self.path, self._owner)[1]
        self._columns += new
        head = dict(zip(self._columns, self._columns, strict=True))
        with whole_file(self.path) as file:
            file.write(_lines([head, *old, *rows], self._columns).encode())
        self._fresh = False


def _append(path: Path, lines: str) -> None:
    length = None
    try:
        with path.open("ab", buffering=0) as file:
            length = file.tell()
            _write_all(file, lines.encode())
    except OSError:
        if length is not None:
            with suppress(OSError):  # half a line would be read as other numbers
                os.truncate(path, length)
        raise


def _write_all(file: RawIOBase, data: bytes) -> None:
    while data:
        data = data[file.write(data) or 0 :]


def _lines(rows: Sequence[Mapping[str, object]], columns: list[str]) -> str:
    buffer = io.StringIO()
    csv.DictWriter(buffer, columns, restval="", lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _read(path: Path, owner: str) -> tuple[list[str], list[dict[str, str]]]:
    """The columns and rows of an earlier log; (["epoch"], []) of a file that is not there."""
    if not path.exists():
        return ["epoch"], []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _foreign(path, owner) from error
    reader = csv.DictReader(io.StringIO(text), restval="")
    columns, rows = list(reader.fieldnames or ["epoch"]), list(reader)
    if "epoch" not in columns or any(None in row for row in rows):
        raise _foreign(path, owner)
    # A line without its end is what a power cut leaves: its numbers cannot be trusted.
    return columns, rows if text.endswith("\n") else rows[:-1]


def _foreign(path: Path, owner: str) -> InputError:
    return InputError(
        f"{owner}: {str(path)!r} is no log of epochs, so nothing can be appended to it; "
        "pass append=False to replace it, or another path"
    )
