"""What `fit` returns: a row of numbers for each epoch, and the ways to look at them."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Self, final

from lampas.errors import ArtifactError, InputError, unknown_name
from lampas.monitor import Mode, is_better, lower_is_better
from lampas.printing import html_table, number, text_table

if TYPE_CHECKING:
    import pandas as pd

    from lampas.curves import Curves

_SHOWN = 20  # a longer table is cut in the middle


@final
class History:
    """The numbers of a training run, a row an epoch.

    `rows`: one dict for each epoch that ended, "epoch" (counted from 1) first. Rows may have
    different keys: with `validation_freq=5` four of five lack the `val_` ones.
    `stopped`: why the run ended before its last epoch, None where it did not.
    `compiled_steps`: how many of its steps were compiled calls, see `jit` of `Model.compile`.

    >>> history = History()
    >>> history.append({"loss": 0.9, "val_loss": 1.0})
    >>> history.append({"loss": 0.5, "val_loss": 0.7})
    >>> history.append({"loss": 0.2, "val_loss": 0.8})
    >>> print(history)
      epoch    loss  val_loss
          1  0.9000    1.0000
    *     2  0.5000    0.7000
          3  0.2000    0.8000
    * best epoch, by val_loss
    >>> history.best["epoch"], history.best_by("loss")["epoch"]
    (2, 3)
    >>> history.history
    {'loss': [0.9, 0.5, 0.2], 'val_loss': [1.0, 0.7, 0.8]}
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.stopped: str | None = None
        self.compiled_steps = 0

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, float]], stopped: str | None = None) -> Self:
        """A history of `rows`, as `rows` and `stopped` of another one give them."""
        history = cls()
        for row in rows:
            history.append(row)
        history.stopped = stopped
        return history

    def up_to(self, epoch: int) -> "History":
        """A new history with the rows up to `epoch`: what a continued run begins with."""
        return History.from_rows(row for row in self.rows if row["epoch"] <= epoch)

    def append(self, row: Mapping[str, float]) -> None:
        """Take in the row of the epoch that just ended.

        Values become Python floats; "epoch" is the one after the last where `row` lacks it.
        Raises `InputError` for an epoch that none can be.
        """
        last = self.rows[-1]["epoch"] if self.rows else 0
        epoch = row.get("epoch", last + 1)
        if not abs(epoch) < 2**53:  # which nan is not either
            raise InputError("a row's epoch is no number that an epoch can have")
        numbers = {name: float(value) for name, value in row.items() if name != "epoch"}
        self.rows.append({"epoch": int(epoch), **numbers})

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def columns(self) -> list[str]:
        """The names of all numbers but the epoch, in the order they first came."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        names.pop("epoch", None)
        return list(names)

    @property
    def epoch(self) -> list[int]:
        """The epochs that ended, counted from 1 (Keras counts them from 0)."""
        return [int(row["epoch"]) for row in self.rows]

    @property
    def history(self) -> dict[str, list[float]]:
        """Keras's dict: each column's values, only those there are. `frame` keeps the gaps."""
        return {name: [row[name] for row in self.rows if name in row] for name in self.columns}

    @property
    def frame(self) -> "pd.DataFrame":
        """A pandas DataFrame, a row an epoch: "epoch" (int64) and a float64 column for each
        number, nan where an epoch lacks it."""
        import pandas as pd

        nan = math.nan
        data: dict[str, list[float]] = {
            name: [row.get(name, nan) for row in self.rows] for name in self.columns
        }
        frame = pd.DataFrame(data, dtype="float64")
        frame.insert(0, "epoch", pd.Series(self.epoch, dtype="int64"))
        return frame

    @property
    def best(self) -> dict[str, float]:
        """The row with the lowest "val_loss", or "loss" where no epoch was validated.

        The earliest of equals; raises `InputError` where no epoch has such a number.
        """
        return self.best_by(self._main_monitor())

    @property
    def best_epoch(self) -> int | None:
        """The epoch of `best`; None where none has such a number, or every one was nan."""
        try:
            return int(self.best["epoch"])
        except InputError:
            return None

    def best_by(self, monitor: str, mode: Mode | None = None) -> dict[str, float]:
        """The row with the best `monitor`, the earliest of equals; nan is never the best.

        `mode`: "min" or "max"; None asks the name (see `lampas.monitor.lower_is_better`).
        Raises `UnknownNameError` for a column that is not there, `InputError` where the name
        does not say which way is better, or where the column has nothing but nan.
        """
        if not self.rows:
            raise InputError("this history is empty: no epoch has ended yet, so none is the best")
        if monitor not in self.columns:
            raise unknown_name("monitor", monitor, self.columns)
        lower = lower_is_better(monitor, mode or "auto")
        best: dict[str, float] | None = None
        for row in self.rows:
            value = row.get(monitor, math.nan)
            if is_better(value, best[monitor] if best else math.nan, lower):
                best = row
        if best is None:
            raise InputError(f"{monitor!r} is nan in every epoch, so none is the best")
        return best

    def plot(self, monitors: Sequence[str] | None = None) -> "Curves":
        """Draw the curves: a panel for the loss and one for each metric, training and
        validation together, the best epoch marked.

        `monitors`: the panels to draw, by their names without `val_`; None draws all.
        Returns a matplotlib `Figure` that belongs to no window: a notebook shows it, and
        `savefig` writes it. Raises `UnknownNameError` for a name that is not there.
        """
        from lampas.curves import Curves, draw

        figure = Curves()
        draw(figure, self, monitors)
        return figure

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write a CSV file: a line an epoch, each number in full, an empty cell for a gap."""
        columns = ["epoch", *self.columns]
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(self.rows)

    @classmethod
    def from_csv(cls, path: str | PathLike[str]) -> Self:
        """The history that `to_csv` wrote. Raises `OSError`, `ArtifactError` for another file."""
        try:
            with open(path, newline="", encoding="utf-8") as file:
                return cls.from_rows(map(_numbers, csv.DictReader(file)))
        except (KeyError, TypeError, ValueError, csv.Error) as error:
            raise ArtifactError(f"{path}: no history of a run of `lampas train`") from error

    def __repr__(self) -> str:
        if not self.rows:
            return "History(no epoch yet)"
        best = self._best_index()
        count = f"{len(self)} epoch{'s' if len(self) > 1 else ''}"
        if best is None:
            return f"History({count})"
        monitor, row = self._main_monitor(), self.rows[best]
        return f"History({count}, best {row['epoch']}: {monitor} {number(row[monitor])})"

    def __str__(self) -> str:
        if not self.rows:
            return "no epoch has ended yet"
        head, cells, best = self._cells()
        marks = ["*" if index == best else "" for index in range(len(cells))]
        marked = [[mark, *row] for mark, row in zip(marks, cells, strict=True)]
        table = text_table(["", *head], marked)
        return "\n".join([table, *self._notes("*")])

    def _repr_html_(self) -> str:
        if not self.rows:
            return "<p>no epoch has ended yet</p>"
        head, cells, best = self._cells()
        return html_table(head, cells, bold=best, note="; ".join(self._notes("bold:")))

    def _main_monitor(self) -> str:
        return "val_loss" if "val_loss" in self.columns else "loss"

    def _best_index(self) -> int | None:
        try:
            best = self.best
        except InputError:
            return None
        return next(index for index, row in enumerate(self.rows) if row is best)

    def _cells(self) -> tuple[list[str], list[list[str]], int | None]:
        """The table's head and rows as text, and which of these rows is the best."""
        head = ["epoch", *self.columns]
        cells: list[list[str]] = []
        best, mark, before = self._best_index(), None, -1
        for index in _shown(len(self), best):
            if index > before + 1:
                cells.append(["…", *[""] * (len(head) - 1)])
            if index == best:
                mark = len(cells)
            row = self.rows[index]
            cells.append([number(row[name]) if name in row else "" for name in head])
            before = index
        return head, cells, mark

    def _notes(self, mark: str) -> list[str]:
        notes: list[str] = []
        if self._best_index() is not None:
            notes.append(f"{mark} best epoch, by {self._main_monitor()}")
        if self.stopped is not None:
            notes.append(f"stopped: {self.stopped}")
        return notes


def _numbers(row: dict[str, str]) -> dict[str, float]:
    """A line of a CSV file, without its gaps."""
    return {"epoch": int(row.pop("epoch")), **{n: float(cell) for n, cell in row.items() if cell}}


def _shown(count: int, best: int | None) -> list[int]:
    """The rows of the table: all of a short run; both ends and the best of a long one."""
    if count <= _SHOWN:
        return list(range(count))
    half = _SHOWN // 2
    picked = {*range(half), *range(count - half, count)}
    return sorted(picked | ({best} if best is not None else set()))
