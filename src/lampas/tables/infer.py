"""Tell the kind of each column from its cells, with what the user says taking precedence."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lampas.errors import DataError, unknown_name
from lampas.tables import cells
from lampas.tables.schema import (
    KINDS,
    Column,
    Kind,
    Scalar,
    Schema,
    TableTask,
    kinds_of,
    missing_targets,
    names_of,
    no_column,
    pick,
)
from lampas.tables.text import frequent_tokens

_MOST_CLASSES = 20  # integers with more values than this are an amount, not a class
_ID_NAME = re.compile(r"(^|[\W_])(id|uuid|guid)$|[a-z](Id|ID)$|^(Id|ID|index)$|^Unnamed: 0$")


def infer(
    frame: pd.DataFrame, target: str | Sequence[str], kinds: Mapping[str, Kind] | None = None
) -> Schema:
    """The schema of `frame` (N rows) for predicting `target`.

    `kinds` overrides what is inferred, by column name; for a target "number" asks for
    regression, "category" or "boolean" for classification. A target of text or booleans, or of
    at most 20 different integers, is a class; other numbers are regression. Several targets are
    all regression, or all two-valued (multilabel).

    Raises `DataError`: no rows, a target that is not there, has gaps, one value, or infinite
    ones; targets of mixed kinds; numbers with stray text between them. `UnknownNameError`: a
    kind outside the table.

    >>> frame = pd.DataFrame({"size": [1.5, 2.5, 3.5, 9.0], "kind": list("aabb")})
    >>> infer(frame, "kind").task, infer(frame, "size").task
    ('binary', 'regression')
    """
    kinds = kinds_of(kinds)
    targets = names_of("target", target)
    _check_request(frame, targets, kinds)
    columns: list[Column] = []
    tasks: dict[str, TableTask] = {}
    for name in frame.columns:
        if name in targets:
            tasks[name], column = _target(frame[name], kinds.get(name))
        else:
            column = _feature(frame[name], kinds.get(name))
        columns.append(column)
    schema = Schema(tuple(columns), _joint(tasks))
    if not schema.features:
        ignored = ", ".join(f"{column.name!r} ({column.kind})" for column in schema.columns)
        raise DataError(f"no column is left to learn from: {ignored}; pass kinds={{...}}")
    return schema


def _check_request(frame: pd.DataFrame, targets: list[str], kinds: Mapping[str, Kind]) -> None:
    if not len(frame):
        raise DataError("the table has no rows")
    if not targets:
        raise DataError("no target is named; pass the column to predict")
    for name in targets:
        if name not in frame.columns:
            raise no_column("target column", name, frame.columns)
    for name, kind in kinds.items():
        pick(frame, name)
        if kind not in KINDS[:-1]:
            raise unknown_name(f"kind for column {name!r}:", str(kind), KINDS[:-1])


def _joint(tasks: Mapping[str, TableTask]) -> TableTask:
    kinds = set(tasks.values())
    if len(tasks) == 1:
        return kinds.pop()
    if kinds == {"regression"}:
        return "regression"
    if kinds == {"binary"}:
        return "multilabel"
    shown = ", ".join(f"{name!r} is {task}" for name, task in tasks.items())
    raise DataError(
        f"several targets must all be numbers or all have two values, but {shown}; "
        "train one model for each, or pass kinds={...}"
    )


def _target(column: pd.Series, kind: Kind | None) -> tuple[TableTask, Column]:
    missing_targets(column)
    name = str(column.name)
    classes = sorted_values(column)
    if len(classes) < 2:
        raise DataError(f"target {name!r} has only one value, {classes[0]!r}: nothing to learn")
    number = cells.number_share(column) == 1.0
    if kind is None and number and not pd.api.types.is_bool_dtype(column):
        whole = all(float(value).is_integer() for value in classes[: _MOST_CLASSES + 1])
        kind = "category" if whole and len(classes) <= _MOST_CLASSES else "number"
    if kind == "number":
        values = cells.numbers(column)
        return "regression", Column(
            name, "target", low=float(values.min()), high=float(values.max())
        )
    if len(classes) > max(_MOST_CLASSES, len(column) // 2):
        raise DataError(
            f"target {name!r} has {len(classes)} different texts in {len(column)} rows: "
            "neither classes nor numbers; name another target"
        )
    task: TableTask = "binary" if len(classes) == 2 else "multiclass"
    return task, Column(name, "target", values=tuple(classes))


def sorted_values(column: pd.Series) -> list[Scalar]:
    """The different values as plain Python scalars, in order (text after numbers).

    >>> sorted_values(pd.Series([2, 0, 2]))
    [0, 2]
    """
    values: list[Scalar] = [plain(value) for value in column.unique()]
    return sorted(values, key=lambda value: (isinstance(value, str), value))


def plain(value: object) -> Scalar:
    """`value` as a scalar that JSON can hold; a whole float as an integer."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | float | bool) else str(value)


def _feature(column: pd.Series, kind: Kind | None) -> Column:
    there = cells.present(column)
    note = ""
    _check_cells(column[there])
    if kind is None:
        kind, note = _guess(column[there], bool((~there).any()))
    missing = round(float((~there).mean()), 6)
    return _described(Column(str(column.name), kind, missing, note=note), column)


def _check_cells(cells_there: pd.Series) -> None:
    first = cells_there.iloc[0] if len(cells_there) else None
    if isinstance(first, list | tuple | dict | set | np.ndarray):
        raise DataError(
            f"column {str(cells_there.name)!r}: row {cells_there.index[0]} holds a "
            f"{type(first).__name__}: a cell must be one value; drop the column or split it up"
        )


def _described(column: Column, found: pd.Series) -> Column:
    name, kind, missing = column.name, column.kind, column.missing
    match kind:
        case "number":
            values = cells.numbers(found)
            if np.isnan(values).all():
                return Column(name, kind, missing)
            return Column(name, kind, missing, float(np.nanmin(values)), float(np.nanmax(values)))
        case "boolean":
            cells.booleans(found)
        case "category":
            counts = pd.Series([word for word in cells.labels(found) if word is not None])
            values = counts.value_counts(sort=True).index
            return Column(name, kind, missing, values=tuple(map(str, values)))
        case "date":
            pattern = cells.date_format(found)
            cells.dates(found, pattern or "ISO8601")
            return Column(name, kind, missing, pattern=pattern)
        case _:
            pass
    return column


def _guess(cells_there: pd.Series, gaps: bool) -> tuple[Kind, str]:
    """The kind of a column from its present cells, and a remark."""
    count, different = len(cells_there), cells_there.nunique()
    if different == 0:
        return "constant", "ignored: empty"
    if different == 1 and not gaps:
        return "constant", f"ignored: always {cells.label(cells_there.iloc[0])}"
    if pd.api.types.is_bool_dtype(cells_there) or _yes_no(cells_there):
        return "boolean", ""
    if pd.api.types.is_numeric_dtype(cells_there):
        return _guess_number(cells_there, gaps)
    if cells.date_format(cells_there):
        return "date", ""
    if cells.number_share(cells_there) > 0.9 and different > _MOST_CLASSES:
        return _stray(cells_there)
    if count >= 10 * different or (different <= _MOST_CLASSES and count >= 2 * different):
        return "category", ""
    return _guess_text(cells_there)


def _yes_no(column: pd.Series) -> bool:
    words = {cells.label(value).lower() for value in column.unique()[:3]}
    return words in ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"})


def _guess_number(column: pd.Series, gaps: bool) -> tuple[Kind, str]:
    """Whole numbers, all different, are an identifier if named so or nearly without holes."""
    values = column.to_numpy(dtype=np.float64)
    finite = values[np.isfinite(values)]
    whole = len(finite) == len(values) and bool((values == np.round(values)).all())
    if whole and not gaps and len(values) >= 20 and column.is_unique:
        dense = values.max() - values.min() < 2 * len(values)
        if dense or _ID_NAME.search(str(column.name)):
            return "identifier", "ignored: a different whole number in each row"
    return "number", ""


def _stray(column: pd.Series) -> tuple[Kind, str]:
    """Numbers written as text are numbers; a few words between them are the user's to settle."""
    if cells.number_share(column) == 1.0:
        return "number", ""
    row = int(np.isnan(pd.to_numeric(column, errors="coerce").to_numpy()).argmax())
    name = str(column.name)
    raise DataError(
        f"column {name!r}: row {column.index[row]} holds {column.iloc[row]!r} among numbers; "
        f"correct it or leave it empty, or pass kinds={{{name!r}: 'category'}}"
    )


def _guess_text(column: pd.Series) -> tuple[Kind, str]:
    texts = [str(word) for word in cells.labels(column)]
    if column.is_unique and _hash_like(texts):
        return "identifier", "ignored: a different code in each row"
    if frequent_tokens(texts):
        return "text", f"such as {texts[0][:40]!r}"
    if column.is_unique:
        return "identifier", "ignored: a different text in each row, no word in common"
    return "category", ""


def _hash_like(texts: Sequence[str]) -> bool:
    """Codes of one length without a space, as UUIDs are; their letters recur by chance."""
    return len({len(text) for text in texts}) == 1 and not any(" " in text for text in texts)
