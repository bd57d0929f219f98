"""A CSV file that grows with the run."""

from os import PathLike
from pathlib import Path
from typing import ClassVar, final

from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.files import require_writable
from lampas.errors import ArtifactError, InputError
from lampas.growing_csv import GrowingCSV


@final
class CSVLog(Callback):
    """Writes each epoch's row to the CSV file `path`, and has it on disk when the epoch ends.

    Columns are the epoch and the numbers in the order they first come. When a later row brings
    a new one (`validation_freq`), the file is written anew with the wider head, beside its old
    self and then in its place: whoever reads it sees a whole CSV at every moment. Numbers are
    written in full; a missing one is an empty cell.

    `append`: go on with the file that is there (a continued run) instead of replacing it, which
    happens at the end of the first epoch. A run that goes on from a checkpoint writes the rows of
    the epochs before it too; append is not for it. Raises `InputError` before any training where
    the file cannot be written, or where it is no such log; `ArtifactError` where that fails later,
    and then the rows before it are whole.

    >>> CSVLog("run/log.csv").path.name
    'log.csv'
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "epoch_end"})

    def __init__(self, path: str | PathLike[str], append: bool = False) -> None:
        self.path = Path(path)
        self.append = append
        self._file: GrowingCSV | None = None
        self._earlier: list[dict[str, float]] = []

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._file = self._begin()
            resumed = event.resumed and not self.append
            self._earlier = event.history.rows[:] if resumed else []
        elif self._file is not None:
            self._write(self._file, event)

    def _write(self, file: GrowingCSV, event: Event) -> None:
        try:
            file.write([*self._earlier, {**event.logs, "epoch": event.epoch}])
        except OSError as error:
            line = f"CSVLog: cannot write {self.path}: {error.strerror or error}"
            raise ArtifactError(line) from error
        self._earlier = []

    def _begin(self) -> GrowingCSV:
        require_writable(self.path.parent, "CSVLog")
        if self.path.is_dir():
            raise InputError(f"CSVLog: {str(self.path)!r} is a folder; give it a file name")
        return GrowingCSV(self.path, "CSVLog", self.append)
