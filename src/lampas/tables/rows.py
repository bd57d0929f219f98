"""The rows of a text file, counted before a parser sees them; what its quotes are."""

import csv
import io
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lampas.callbacks.say import say
from lampas.errors import DataError

if TYPE_CHECKING:
    from _csv import Reader

Quoting = Literal[0, 3]
"""`csv.QUOTE_MINIMAL`: a field may stand in quotes. `csv.QUOTE_NONE`: a quote is a letter."""


def check_rows(path: Path, text: str, delimiter: str) -> tuple[list[str], Quoting]:
    """The names in the header, after each row was found to have as many fields; what quotes are.

    A quote at the start of a field goes on to the next one, over line ends. In a file that was
    written without quoting it swallows rows in silence. Quotes are taken for letters, which is
    said in one line, where each line is a whole row without them, the header has none, and

    - the delimiter is a tab, and a row in quotes goes over several lines: quoted line breaks
      would leave lines with too few tabs;
    - or such a row is no well-formed one, as its quote closes in front of a letter: commas may
      be as many in each line by chance.

    Raises `DataError`: a row of another width, a quote left open, only a header.
    """
    limit = csv.field_size_limit(max(len(text), 1))  # a text may be longer than csv's 131 072
    try:
        line = _swallowing(text, delimiter) if _are_rows(text, delimiter) else None
        if line is None:
            return _checked(path, text, delimiter, csv.QUOTE_MINIMAL), csv.QUOTE_MINIMAL
        say(
            f"{path}: a quote in line {line} is not closed there, and each line is a whole row: "
            "its quotes are read as letters"
        )
        return _checked(path, text, delimiter, csv.QUOTE_NONE), csv.QUOTE_NONE
    finally:
        csv.field_size_limit(limit)


def _are_rows(text: str, delimiter: str) -> bool:
    """Whether each line has as many delimiters as the header, which has some and no quote."""
    if '"' not in text:  # nothing to ask, and most files
        return False
    lines = (line for line in io.StringIO(text, newline="") if line.strip())
    header = next(lines)
    marks = header.count(delimiter)
    return marks > 0 and '"' not in header and all(line.count(delimiter) == marks for line in lines)


def _swallowing(text: str, delimiter: str) -> int | None:
    """The first line of a row whose quote swallows others for certain; None without such a row."""
    last = 0
    reader = _reader(io.StringIO(text, newline=""), delimiter)
    for _ in reader:
        first, last = last + 1, reader.line_num
        if last > first and (delimiter == "\t" or _is_malformed(text, first, last, delimiter)):
            return first
    return None


def _is_malformed(text: str, first: int, last: int, delimiter: str) -> bool:
    """Whether the quote of the row in these lines closes in front of something else than a
    delimiter. One that never closes may be that of a file which was cut short."""
    lines = islice(io.StringIO(text, newline=""), first - 1, last)
    try:
        next(_reader(lines, delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" not in str(error)
    return False


def _checked(path: Path, text: str, delimiter: str, quoting: Quoting) -> list[str]:
    reader = _reader(io.StringIO(text, newline=""), delimiter, quoting=quoting)
    header: list[str] = []
    rows, first, last = 0, 0, 0
    try:
        for fields in reader:
            first, last = last + 1, reader.line_num
            if not fields:
                continue
            if not header:
                header = [name.strip() for name in fields]
                continue
            rows += 1
            if len(fields) != len(header):
                _refuse_open_quote(path, text, first, delimiter)
                raise DataError(
                    f"{path}: line {first} has {len(fields)} field{'s' * (len(fields) > 1)}, "
                    f"the header has {len(header)}; "
                    "quote a field that holds the delimiter, or pass delimiter="
                )
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num} cannot be read: {error}") from None
    if quoting == csv.QUOTE_MINIMAL:
        _refuse_open_quote(path, text, first, delimiter)
    if not rows:
        raise DataError(f"{path}: only a header, no rows")
    return header


def _refuse_open_quote(path: Path, text: str, first: int, delimiter: str) -> None:
    """Refuse the row that begins in line `first` where the text ends inside a quote of it.

    All that follows such a quote is one field, which the reader that counts takes for closed.
    """
    lines = islice(io.StringIO(text, newline=""), first - 1, None)
    try:
        next(_reader(lines, delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise DataError(
                f"{path}: the row that begins in line {first} has a quote that is never closed; "
                "close it, or leave it out"
            ) from None


def _reader(
    lines: Iterable[str],
    delimiter: str,
    *,
    quoting: Quoting = csv.QUOTE_MINIMAL,
    strict: bool = False,
) -> "Reader":
    return csv.reader(
        lines, delimiter=delimiter, skipinitialspace=True, quoting=quoting, strict=strict
    )
