"""A CSV file that grows with the run."""

import csv
import io
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import ClassVar, final

from lampas.atomic import whole_file
from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.files import require_writable
from lampas.errors import InputError


@final
class CSVLog(Callback):
    """Writes each epoch's row to the CSV file `path`, and has it on disk when the epoch ends.

    Columns are the epoch and the numbers in the order they first come. When a later row brings
    a new one (`validation_freq`), the file is written anew with the wider head, beside its old
    self and then in its place: whoever reads it sees a whole CSV at every moment. Numbers are
    written in full; a missing one is an empty cell.

    `append`: go on with the file that is there (a continued run) instead of replacing it, which
    happens at the end of the first epoch. Raises `InputError` before any training where the
    file cannot be written, or where it is no such log.

    >>> CSVLog("run/log.csv").path.name
    'log.csv'
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "epoch_end"})

    def __init__(self, path: str | PathLike[str], append: bool = False) -> None:
        self.path = Path(path)
        self.append = append
        self._columns = ["epoch"]
        self._fresh = True

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._begin()
        else:
            self._write({**event.logs, "epoch": event.epoch})

    def _begin(self) -> None:
        require_writable(self.path.parent, "CSVLog")
        if self.path.is_dir():
            raise InputError(f"CSVLog: {str(self.path)!r} is a folder; give it a file name")
        self._columns = ["epoch"]
        self._fresh = True
        if self.append and self.path.exists():
            self._columns = _read(self.path)[0]

    def _write(self, row: dict[str, float]) -> None:
        new = [name for name in row if name not in self._columns]
        if not (new or self._fresh):
            with self.path.open("a", newline="", encoding="utf-8") as file:
                file.write(_lines([row], self._columns))
            return
        old = [] if self._fresh and not self.append else _read(self.path)[1]
        self._columns += new
        head = dict(zip(self._columns, self._columns, strict=True))
        with whole_file(self.path) as file:
            file.write(_lines([head, *old, row], self._columns).encode())
        self._fresh = False


def _lines(rows: Sequence[Mapping[str, object]], columns: list[str]) -> str:
    buffer = io.StringIO()
    csv.DictWriter(buffer, columns, restval="", lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The columns and rows of an earlier log; (["epoch"], []) of a file that is not there."""
    if not path.exists():
        return ["epoch"], []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _foreign(path) from error
    reader = csv.DictReader(io.StringIO(text), restval="")
    columns, rows = list(reader.fieldnames or ["epoch"]), list(reader)
    if "epoch" not in columns or any(None in row for row in rows):
        raise _foreign(path)
    # A line without its end is what a power cut leaves: its numbers cannot be trusted.
    return columns, rows if text.endswith("\n") else rows[:-1]


def _foreign(path: Path) -> InputError:
    return InputError(
        f"CSVLog: {str(path)!r} is no log of epochs, so nothing can be appended to it; "
        "pass append=False to replace it, or another path"
    )
