"""What the columns of a table are: shown to people, kept in the artifact, checked at prediction."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast, get_args

import numpy as np
import pandas as pd

from lampas.errors import DataError, InputError, did_you_mean, near
from lampas.tables import cells

_MARKS = ",;\t|: ^~"
_ALIKE = 0.6  # below it, two short names have a letter or two in common by chance

Kind = Literal["number", "category", "boolean", "date", "text", "identifier", "constant", "target"]
TableTask = Literal["binary", "multiclass", "multilabel", "regression"]
Scalar = str | int | float | bool

KINDS: tuple[Kind, ...] = get_args(Kind)
FEATURES: tuple[Kind, ...] = ("number", "category", "boolean", "date", "text")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Fields that its kind does not need are None or empty.

    `missing`: share of empty cells, 0 to 1. `low`, `high`: range of numbers.
    `values`: the categories, most frequent first, or the classes of a target in order.
    `pattern`: how dates are written ("ISO8601" or a strftime format).
    `note`: why the column is ignored, or another remark for people.
    """

    name: str
    kind: Kind
    missing: float = 0.0
    low: float | None = None
    high: float | None = None
    values: tuple[Scalar, ...] = ()
    pattern: str | None = None
    note: str = ""

    def summary(self) -> str:
        """One phrase for people.

        >>> Column("age", "number", low=0.5, high=80).summary()
        '0.5 to 80'
        """
        if self.note:
            return self.note
        if self.kind == "date":
            return str(self.pattern)
        if self.values:
            shown = ", ".join(map(str, self.values[:6]))
            return shown + (f", … ({len(self.values)} values)" if len(self.values) > 6 else "")
        return "" if self.low is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table in the file's order, its targets and the kind of task.

    >>> schema = Schema((Column("x", "number", low=0, high=1), Column("y", "target")), "regression")
    >>> print(schema)
    column  kind    missing  what it holds
    x       number    0.0 %  0 to 1
    y       target    0.0 %
    """

    columns: tuple[Column, ...]
    task: TableTask

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that the net sees."""
        return tuple(column for column in self.columns if column.kind in FEATURES)

    @property
    def targets(self) -> tuple[Column, ...]:
        """The columns to predict."""
        return tuple(column for column in self.columns if column.kind == "target")

    def check(self, frame: pd.DataFrame, targets: bool = False) -> None:
        """Raise `DataError` at the first column of `frame` that this schema cannot read.

        Columns that the schema does not use may be absent, and others may be there. With
        `targets`, the target columns are needed too, without gaps.
        """
        if not len(frame):
            raise DataError("the table has no rows")
        for column in self.features:
            _check_feature(column, pick(frame, column.name))
        for column in self.targets if targets else ():
            _check_target(column, pick(frame, column.name))

    def remarks(self, frame: pd.DataFrame) -> list[str]:
        """A line for each category column where most of the N rows hold unseen categories."""
        lines: list[str] = []
        for column in self.features:
            new = _unseen(column, pick(frame, column.name)) if column.kind == "category" else []
            if len(new) > len(frame) / 2:
                lines.append(
                    f"column {column.name!r}: {len(new)} of {len(frame)} rows hold a category "
                    f"that training did not see, as {new[0]!r}"
                )
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads back to an equal schema."""
        return {"task": self.task, "columns": [asdict(column) for column in self.columns]}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Schema":
        """The schema that `to_json` described.

        >>> schema = Schema((Column("a", "category", values=("x", "y")),), "binary")
        >>> Schema.from_json(schema.to_json()) == schema
        True
        """
        items: list[dict[str, Any]] = plain["columns"]
        columns = [replace(Column(**item), values=tuple(item["values"])) for item in items]
        return cls(tuple(columns), plain["task"])

    def __str__(self) -> str:
        rows = [("column", "kind", "missing", "what it holds")]
        rows += [
            (one.name, one.kind, f"{100 * one.missing:.1f} %", one.summary())
            for one in self.columns
        ]
        name, kind = (max(len(row[i]) for row in rows) for i in (0, 1))
        lines = [f"{r[0]:<{name}}  {r[1]:<{kind}}  {r[2]:>7}  {r[3]}".rstrip() for r in rows]
        return "\n".join(lines)


def names_of(what: str, given: Any) -> list[str]:
    """One name or several as a list. Raises `InputError` for what is none.

    >>> names_of("target", "price"), names_of("target", ("price", "rooms"))
    (['price'], ['price', 'rooms'])
    """
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable):
        raise InputError(f"{what} is {given!r:.60}: pass the name of a column, or a list of names")
    return list(cast("Iterable[str]", given))


def kinds_of(given: Any) -> dict[str, Kind]:
    """The kinds that were asked for, by column. Raises `InputError` for what is no dict."""
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"kinds is {given!r:.60}: pass a dict, as {{'zip': 'category'}}")
    return dict(cast("Mapping[str, Kind]", given or {}))


def pick(frame: pd.DataFrame, name: str) -> pd.Series:
    """Column `name` of `frame`; the error `no_column` where it is not there."""
    if name not in frame.columns:
        raise no_column("column", name, frame.columns)
    return frame[name]


def no_column(called: str, name: str, names: Iterable[str]) -> DataError:
    """The error for a column that is not among `names`: which was meant, and those there are.

    >>> print(no_column("target column", "survived", ["Age", "Survived"]))
    target column 'survived' is missing: did you mean 'Survived'? The columns are: 'Survived', 'Age'
    """
    there = nearest(name, names)
    mark = _unsplit(name, there)
    if mark is not None:
        return DataError(
            f"{called} {name!r} is missing: the only column is {there[0]!r}, which {mark!r} would "
            f"split; pass delimiter={mark!r}"
        )
    hint = did_you_mean(name, there, _ALIKE)
    said = f": {hint} The" if hint else "; the"
    return DataError(
        f"{called} {name!r} is missing{said} columns are: {', '.join(map(repr, there))}"
    )


def _unsplit(name: str, names: list[str]) -> str | None:
    """The delimiter that would split the only column's name into some, `name` among them."""
    if len(names) != 1:
        return None
    return next((mark for mark in _MARKS if near(name, _parts(names[0], mark), _ALIKE)), None)


def _parts(name: str, mark: str) -> list[str]:
    return [part.strip('" ') for part in name.split(mark)] if mark in name else []


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """`names` with those that look like `name` first, the others in their order."""
    rest = [str(other) for other in names]
    first = near(name, rest)
    return first + [other for other in rest if other not in first]


def missing_targets(column: pd.Series) -> None:
    """Raise `DataError` when the target `column` has gaps, naming the first rows."""
    gaps = np.flatnonzero(~cells.present(column))
    if len(gaps):
        rows = ", ".join(str(column.index[row]) for row in gaps[:3])
        more = ", …" if len(gaps) > 3 else ""
        one = len(gaps) == 1
        what = "1 row has" if one else f"{len(gaps)} rows have"
        fix = "fill it in, or drop the row" if one else "fill them in, or drop these rows"
        raise DataError(f"target {str(column.name)!r}: {what} no value (row {rows}{more}); {fix}")


def _check_feature(column: Column, found: pd.Series) -> None:
    match column.kind:
        case "number":
            cells.numbers(found)
        case "boolean":
            cells.booleans(found)
        case "date":
            cells.dates(found, column.pattern or "ISO8601")
        case _:
            _check_words(column, found)


def _check_words(column: Column, found: pd.Series) -> None:
    there = cells.present(found)
    words = column.kind == "category" and cells.number_share(pd.Series(column.values)) == 0.0
    if words and there.any() and cells.number_share(found) == 1.0:
        row = int(there.argmax())
        raise DataError(
            f"column {column.name!r}: row {found.index[row]} holds {found.iloc[row]:g}, a number, "
            f"where training had text ({column.summary()})"
        )


def _unseen(column: Column, found: pd.Series) -> list[str]:
    """The cells, blank ones left out, that are none of the column's categories."""
    known = {cells.label(value) for value in column.values}
    return [word for word in cells.labels(found) if word is not None and word not in known]


def _check_target(column: Column, found: pd.Series) -> None:
    missing_targets(found)
    if not column.values:
        cells.numbers(found)
        return
    known = {cells.label(value) for value in column.values}
    for row, name in enumerate(cells.labels(found)):
        if name not in known:
            raise DataError(
                f"target {column.name!r}: row {found.index[row]} holds {name!r}, "
                f"a class that training did not have ({column.summary()})"
            )
