"""Which character separates the fields of a text file: found, or refused, never guessed."""

import csv
import io
from itertools import islice

from lampas.errors import DataError

_USUAL = {",": "','", "\t": "'\\t'", ";": "';'", "|": "'|'"}
_OTHERS = {":": "':'", " ": "' '", "^": "'^'", "~": "'~'"}
_ROWS = 50  # looked at besides the header


def find_delimiter(where: str, text: str, usual: str) -> str:
    """The delimiter of `text`: comma, tab, semicolon or bar.

    One fits when it splits the header, and each of the first 50 rows into as many fields. Of
    several that fit, `usual` (that of the file's suffix) wins if it gives as many fields as
    any. If none fits but one splits the header, that is it: the ragged row is found later.

    Raises `DataError`, with `where`: when two fit equally well, or when the only column looks
    split by something else.

    >>> find_delimiter("a.csv", "x;y\\n1,5;2\\n", ",")
    ';'
    """
    widths = {mark: _widths(text, mark) for mark in _USUAL}
    splitting = {mark: rows[0] for mark, rows in widths.items() if rows and rows[0] > 1}
    fitting = {mark: n for mark, n in splitting.items() if set(widths[mark]) == {n}}
    candidates = fitting or splitting
    if not candidates:
        _refuse_hidden(where, text)
        return usual
    most = max(candidates.values())
    best = [mark for mark, count in candidates.items() if count == most]
    if usual in best or len(best) == 1:
        return usual if usual in best else best[0]
    shown = " or ".join(_USUAL[mark] for mark in best)
    raise DataError(
        f"{where}: {shown} may separate the fields: both give {most} columns; "
        f"pass delimiter={_USUAL[best[0]]}"
    )


def _widths(text: str, mark: str) -> list[int]:
    """Fields in the header and the first rows, blank lines left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True)
    try:
        return [len(fields) for fields in islice(reader, _ROWS + 1) if fields]
    except csv.Error:
        return []


def _refuse_hidden(where: str, text: str) -> None:
    """One column that another character splits alike in all rows is a table read wrongly."""
    header = next(line for line in text.splitlines() if line.strip())
    for mark, shown in _OTHERS.items():
        widths = _widths(text, mark)
        if len(widths) > 1 and widths[0] > 1 and set(widths) == {widths[0]}:
            raise DataError(
                f"{where}: only one column, {header.strip()!r:.60}, but {shown} would give "
                f"{widths[0]}; pass delimiter={shown}"
            )
