"""The cells of one column, read in one of the ways that a kind of column needs."""

from typing import Any

import numpy as np
import pandas as pd

from lampas.errors import DataError

DATE_FORMATS = (
    "ISO8601",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y",
    "%d/%m/%Y %H:%M",
    "%d-%m-%Y",
)
_TRUE = frozenset({"true", "yes", "y", "t", "1"})
_FALSE = frozenset({"false", "no", "n", "f", "0"})


def label(value: Any) -> str:
    """One cell as text; a whole float reads like the integer it was before a gap made it float.

    >>> label(3.0), label(np.int64(3)), label(2.5), label(" a "), label(True)
    ('3', '3', '2.5', 'a', 'True')
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def labels(column: pd.Series) -> np.ndarray:
    """The cells as text (N,), dtype object; a missing or blank cell is None.

    >>> labels(pd.Series(["a", None, " b"])).tolist()
    ['a', None, 'b']
    """
    found = np.full(len(column), None, dtype=object)
    present = column.notna().to_numpy()
    found[present] = [label(value) or None for value in column[present]]
    return found


def numbers(column: pd.Series) -> np.ndarray:
    """The cells as float64 (N,), missing ones as nan.

    Raises `DataError` with column and row where a cell is no number, or infinite.

    >>> numbers(pd.Series(["1.5", None, "2"], name="age")).tolist()
    [1.5, nan, 2.0]
    """
    read = _as_numbers(column)
    wrong = np.isnan(read) & present(column)
    if wrong.any():
        raise DataError(_cell(column, wrong, "a number is needed; correct it or leave it empty"))
    if np.isinf(read).any():
        raise DataError(
            _cell(column, np.isinf(read), "a finite number is needed; correct it or leave it empty")
        )
    return read


def number_share(column: pd.Series) -> float:
    """The share of the present cells that read as numbers, from 0 to 1; 0 for an empty column."""
    there = present(column)
    return float((~np.isnan(_as_numbers(column)[there])).mean()) if there.any() else 0.0


def booleans(column: pd.Series) -> np.ndarray:
    """The cells as 1.0 for true and 0.0 for false (N,), missing ones as nan.

    True, yes, y, t, 1 and false, no, n, f, 0 are read, in any case. Raises `DataError`.

    >>> booleans(pd.Series(["Yes", "no", None])).tolist()
    [1.0, 0.0, nan]
    """
    words = [None if word is None else word.lower() for word in labels(column)]
    read = np.array(
        [1.0 if word in _TRUE else 0.0 if word in _FALSE else np.nan for word in words],
        dtype=np.float64,
    )
    wrong = np.isnan(read) & np.array([word is not None for word in words], dtype=bool)
    if wrong.any():
        raise DataError(_cell(column, wrong, "true or false (yes/no, 1/0) is needed"))
    return read


def dates(column: pd.Series, pattern: str) -> pd.Series:
    """The cells as naive timestamps, missing ones as NaT; zones are converted to UTC.

    Raises `DataError` with column and row where a cell does not follow `pattern`.
    """
    read = _as_dates(column, pattern)
    wrong = read.isna().to_numpy() & present(column)
    if wrong.any():
        raise DataError(_cell(column, wrong, f"a date like {_sample(pattern)} is needed"))
    return read


def date_format(column: pd.Series) -> str | None:
    """The first of `DATE_FORMATS` that reads every present cell, or None.

    >>> date_format(pd.Series(["2024-02-29", "2024-03-01"]))
    'ISO8601'
    >>> date_format(pd.Series(["13/02/2024", "01/03/2024"]))
    '%d/%m/%Y'
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return "ISO8601"
    there = present(column)
    texts = column[there].map(str)
    if not there.any() or not texts.str.match(r"^\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b").all():
        return None
    return next((form for form in DATE_FORMATS if _as_dates(texts, form).notna().all()), None)


def present(column: pd.Series) -> np.ndarray:
    """Which cells (N,) hold something: neither missing nor blank text."""
    there = column.notna().to_numpy()
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return there
    try:
        return there & (column.map(str).str.strip() != "").to_numpy()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise DataError(
            f"column {column.name!r} holds {half!r}, half a letter: leave it out"
        ) from None


def _as_numbers(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(column):
        return np.full(len(column), np.nan)
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _as_dates(column: pd.Series, pattern: str) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column) and column.notna().any():
        return pd.Series(pd.NaT, index=column.index)
    read = pd.to_datetime(column, format=pattern, errors="coerce", utc=True)
    return read.dt.tz_localize(None)


def _cell(column: pd.Series, wrong: np.ndarray, need: str) -> str:
    row = int(wrong.argmax())
    value = column.iloc[row]
    shown = repr(value if isinstance(value, str) else getattr(value, "item", lambda: value)())
    return f"column {str(column.name)!r}: row {column.index[row]} holds {shown}, but {need}"


def _sample(pattern: str) -> str:
    sample = pd.Timestamp("2024-12-31 23:59:00")
    return "2024-12-31" if pattern == "ISO8601" else sample.strftime(pattern)
