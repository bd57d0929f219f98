"""One or many series of a table, on one grid of stamps; what does not fit is named by its row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from lampas.errors import DataError, unknown_name
from lampas.series.clock import Clock, find_clock, read_stamps
from lampas.tables import cells
from lampas.tables.infer import plain
from lampas.tables.read import TableLike, read_table
from lampas.tables.schema import Scalar, names_of, no_column

Gaps = Literal["refuse", "carry"]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what: `known` are known for the future too, `past` are not."""

    time: str
    series: str | None
    targets: tuple[str, ...]
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[str, ...]:
        """Targets, then known, then past covariates: the order everywhere."""
        return (*self.targets, *self.known, *self.past)

    @property
    def words(self) -> tuple[str, ...]:
        """The columns that hold no numbers."""
        return (self.time,) if self.series is None else (self.time, self.series)


@dataclass(frozen=True, slots=True)
class Series:
    """One series: `values` (n, columns) float64 from the grid's place `first` on, without gaps;
    `seen` (n, targets) is False where a target was carried forward over a gap."""

    key: Scalar | None
    first: int
    values: np.ndarray
    seen: np.ndarray

    @property
    def end(self) -> int:
        """The place after the last row."""
        return self.first + len(self.values)

    @property
    def name(self) -> str:
        """How messages call it."""
        return "" if self.key is None else f" of series {self.key!r}"


@dataclass(frozen=True, slots=True)
class Panel:
    """All series of a table on the grid `stamps`."""

    clock: Clock
    columns: Columns
    stamps: pd.Index
    series: tuple[Series, ...]

    @property
    def end(self) -> int:
        """The place after the grid's last stamp."""
        return len(self.stamps)

    def after(self, series: Series, steps: int) -> pd.Index:
        """The stamps of the `steps` steps after the end of a series."""
        return self.clock.after(self.stamps[series.end - 1], steps)


def read_panel(
    data: TableLike, columns: Columns, clock: Clock | None = None,
    frequency: str | int | None = None, gaps: Gaps = "refuse",
) -> Panel:  # fmt: skip
    """The series in `data`: a row for each stamp, and for each series where there are several.

    clock: that of the training, for later data. gaps: "refuse" a missing stamp or number, or
    "carry" the last value forward: that looks at the past alone. Carried targets are inputs,
    and are neither learnt nor scored. What comes before the first value of a series is left out.

    Raises `DataError` with the row: a column that is not there, text or infinity among numbers,
    stamps that go back, come twice, leave the grid or are missing; `UnknownNameError` for gaps.
    """
    if gaps not in ("refuse", "carry"):
        raise unknown_name("gaps", gaps, ("refuse", "carry"))
    frame = read_table(data)
    _check_columns(frame, columns)
    stamps = read_stamps(frame[columns.time])
    _check_order(frame, columns, stamps)
    clock = find_clock(stamps, frequency) if clock is None else clock
    stamps = clock.told(stamps, columns.time)
    grid = _grid(frame, columns, stamps, clock)
    places = grid.get_indexer(cast(Any, stamps))
    numbers = np.column_stack([cells.numbers(frame[name]) for name in columns.numbers])
    series = tuple(
        _series(key, rows, frame, places[rows], numbers[rows], columns, grid, gaps)
        for key, rows in _rows_of(frame, columns)
    )
    return Panel(clock, columns, grid, series)


def _check_columns(frame: pd.DataFrame, columns: Columns) -> None:
    kinds = {columns.time: "time column", **dict.fromkeys(columns.targets, "target column")}
    for name in (*columns.words, *columns.numbers):
        if name not in frame.columns:
            raise no_column(kinds.get(name, "column"), name, frame.columns)
    roles = [*columns.words, *columns.numbers]
    twice = next((name for i, name in enumerate(roles) if name in roles[:i]), None)
    if twice is not None:
        raise DataError(f"column {twice!r} has two roles: name it once among time, series, "
                        "target, known and past")  # fmt: skip


def _rows_of(frame: pd.DataFrame, columns: Columns) -> Iterator[tuple[Scalar | None, np.ndarray]]:
    """Each series' key and the positions of its rows, in the order of first appearance."""
    if columns.series is None:
        yield None, np.arange(len(frame))
        return
    column = frame[columns.series]
    gaps = ~cells.present(column)
    if gaps.any():
        row = column.index[int(gaps.argmax())]
        raise DataError(f"series column {columns.series!r}: row {row} holds nothing")
    codes, keys = pd.factorize(column)
    order = np.argsort(codes, kind="stable")
    for key, rows in zip(keys, np.split(order, np.cumsum(np.bincount(codes))[:-1]), strict=True):
        yield plain(key), rows


def _check_order(frame: pd.DataFrame, columns: Columns, stamps: pd.Index) -> None:
    for key, rows in _rows_of(frame, columns):
        own = stamps[rows]
        steps = np.diff(own.asi8 if isinstance(own, pd.DatetimeIndex) else own.to_numpy())
        wrong = np.flatnonzero(steps <= 0)
        if not len(wrong):
            continue
        at = int(wrong[0]) + 1
        row, stamp, before = frame.index[rows[at]], own[at], own[at - 1]
        of = "" if key is None else f" of series {key!r}"
        if steps[at - 1] == 0:
            fix = "drop one of them" if columns.series else "drop one, or name the series column"
            raise DataError(f"time column {columns.time!r}: row {row}{of} holds {stamp}, as does "
                            f"the row before: {fix}")  # fmt: skip
        several = "" if columns.series else ", or name the column that tells several series apart"
        raise DataError(
            f"time column {columns.time!r}: row {row}{of} holds {stamp}, which is before "
            f"{before}: sort the rows by {columns.time!r}{several}"
        )


def _grid(frame: pd.DataFrame, columns: Columns, stamps: pd.Index, clock: Clock) -> pd.Index:
    grid = clock.grid(stamps.min(), stamps.max())
    off = ~np.asarray(stamps.isin(grid))
    if off.any():
        at = int(off.argmax())
        before = f" after {stamps[at - 1]}" if at else ""
        raise DataError(
            f"time column {columns.time!r}: row {frame.index[at]} holds {stamps[at]}{before}, "
            f"which is off the regular {clock}: resample the table, or correct it"
        )
    return grid


def _series(
    key: Scalar | None, rows: np.ndarray, frame: pd.DataFrame, places: np.ndarray,
    numbers: np.ndarray, columns: Columns, grid: pd.Index, gaps: Gaps,
) -> Series:  # fmt: skip
    of = "" if key is None else f" of series {key!r}"
    if gaps == "refuse":
        _refuse_gaps(rows, frame, places, numbers, columns, grid, of)
    first = int(places[0])
    whole = np.full((int(places[-1]) - first + 1, numbers.shape[1]), np.nan)
    whole[places - first] = numbers
    begin = _begin(whole, columns, of)
    whole = whole[begin:]
    seen = np.isfinite(whole[:, : len(columns.targets)])
    return Series(key, first + begin, pd.DataFrame(whole).ffill().to_numpy(), seen)


def _begin(whole: np.ndarray, columns: Columns, of: str) -> int:
    """The first row from which on every column has had a value."""
    known = np.isfinite(whole)
    for number, name in enumerate(columns.numbers):
        if not known[:, number].any():
            raise DataError(f"column {name!r}{of} has no value at all")
    return int(known.argmax(axis=0).max())


def _refuse_gaps(
    rows: np.ndarray, frame: pd.DataFrame, places: np.ndarray, numbers: np.ndarray,
    columns: Columns, grid: pd.Index, of: str,
) -> None:  # fmt: skip
    fix = "fill it, or pass gaps='carry' to carry the last value forward"
    missing = np.argwhere(~np.isfinite(numbers))
    if len(missing):
        row, column = missing[0]
        name = columns.numbers[column]
        what = "target" if name in columns.targets else "column"
        stamp = grid[places[row]]
        raise DataError(
            f"{what} {name!r}: row {frame.index[rows[row]]}{of}, {stamp}, holds no value: {fix}"
        )
    leaps = np.flatnonzero(np.diff(places) > 1)
    if len(leaps):
        at = int(leaps[0])
        lost = int(places[at + 1] - places[at]) - 1
        raise DataError(
            f"time column {columns.time!r}: row {frame.index[rows[at + 1]]}{of} holds "
            f"{grid[places[at + 1]]} after {grid[places[at]]}: {lost} "
            f"stamp{'s are' if lost > 1 else ' is'} missing between them: {fix}"
        )


def carried(panel: Panel) -> int:
    """How many targets were carried forward over gaps."""
    return sum(int((~one.seen).sum()) for one in panel.series)


def names(one: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several as a tuple.

    >>> names("a"), names(["a", "b"])
    (('a',), ('a', 'b'))
    """
    return tuple(names_of("a column", one))
