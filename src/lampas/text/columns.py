"""Which column of a table holds the texts, and which one is to be predicted."""

from collections.abc import Sequence

import pandas as pd

from lampas.errors import DataError
from lampas.tables import cells
from lampas.tables.schema import no_column

_LOOKED_AT = 1000  # rows
_LETTERS = 12  # a column of texts has more than so many in the middle
_DIFFERENT = 0.5  # and more than this share of its cells are different


def text_column(frame: pd.DataFrame, named: str | None, targets: Sequence[str]) -> str:
    """The column of `frame` that holds the texts: the one `named`, or the one that looks so.

    A column looks like texts where its cells are mostly different, no numbers or dates, and
    longer than a name. Raises `DataError` where there is none or several, with the columns.

    >>> frame = pd.DataFrame({"a": ["a long sentence", "and another one"], "b": [1, 2]})
    >>> text_column(frame, None, [])
    'a'
    """
    if named in targets:
        raise DataError(f"{named!r} is the column of texts: it cannot be a target too")
    if named is not None:
        return there(frame, named)
    found = [
        str(name) for name in frame.columns if name not in targets and looks_like_texts(frame[name])
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(
            f"{len(found)} columns hold texts: {_listed(found)}; pass text={found[0]!r}, or another"
        )
    rest = [str(name) for name in frame.columns if name not in targets and _words(frame[name])]
    if len(rest) == 1:
        return rest[0]
    raise DataError(f"no column looks like texts; pass text=, one of: {_listed(frame.columns)}")


def looks_like_texts(column: pd.Series) -> bool:
    """Whether a column's first cells are texts rather than names, codes, numbers or dates."""
    if not _words(column):
        return False
    words = [word for word in cells.labels(column[:_LOOKED_AT]) if word is not None]
    some = pd.Series(words, dtype=object)  # which holds broken texts too
    if not len(some) or cells.number_share(some) > 0.5 or cells.date_format(some) is not None:
        return False
    return some.str.len().median() > _LETTERS and some.nunique() > _DIFFERENT * len(some)


def target_columns(
    frame: pd.DataFrame, text: str | None, named: str | Sequence[str] | None
) -> tuple[str, ...]:
    """The columns to predict: those `named`, or the only one that is not the text.

    text: its column; None where there was no table, and all columns are targets.
    Raises `DataError` where there is none, or several to choose from.
    """
    if named is not None:
        wanted = (named,) if isinstance(named, str) else tuple(named)
        for name in wanted:
            there(frame, name)
        return wanted
    rest = [str(name) for name in frame.columns if name != text]
    if len(rest) == 1 or (rest and text is None):
        return tuple(rest)
    if not rest:
        raise DataError(f"there is no column beside the texts, {text!r}: nothing to predict")
    raise DataError(f"which column is to be predicted? pass targets=, one of: {_listed(rest)}")


def _words(column: pd.Series) -> bool:
    return not (
        pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    )


def there(frame: pd.DataFrame, name: str) -> str:
    """`name`, a column of `frame`; `DataError` with the columns there are, nearest first."""
    if name not in frame.columns:
        raise no_column("column", name, frame.columns)
    return name


def _listed(names: Sequence[str] | pd.Index) -> str:
    return ", ".join(repr(str(name)) for name in names)
