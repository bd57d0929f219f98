"""What a command writes: tables for people, one JSON object for machines."""

import json
from collections.abc import Mapping, Sequence

from lampas.printing import finite, number, visible

Plain = str | int | float | None


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """`rows` under `head`, indented by two; the first `words` columns left-aligned.

    >>> print(table(["score", "value"], [["loss", "0.5000"], ["mae", "12.0000"]]))
      score    value
      loss    0.5000
      mae    12.0000
    """
    head, rows = list(map(visible, head)), [list(map(visible, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines: list[str] = []
    for row in (head, *rows):
        cells = [
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def scores(columns: Mapping[str, Mapping[str, float]]) -> str:
    """Scores side by side: {heading: {name: value}}, a row for each name of the first.

    >>> print(scores({"here": {"mae": 2.0}, "held out": {"mae": 3.0}}))
      score    here  held out
      mae    2.0000    3.0000
    """
    names = list(next(iter(columns.values())))
    rows = [
        [name, *(number(found[name]) if name in found else "" for found in columns.values())]
        for name in names
    ]
    return table(["score", *columns], rows)


def json_line(values: Mapping[str, Plain]) -> str:
    """One object on one line.

    >>> json_line({"loss": 0.5, "roc_auc": float("nan")})
    '{"loss": 0.5, "roc_auc": null}'
    """
    return json.dumps(finite(values), allow_nan=False)


def count(number: int, thing: str) -> str:
    """A number and its thing.

    >>> count(1, "row"), count(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def shortened(text: str, width: int) -> str:
    """`text` in at most `width` letters.

    >>> shortened("Molson, Mr. Harry", 8)
    'Molson,…'
    """
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
