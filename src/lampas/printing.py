"""Numbers and tables for people to read: in a terminal and in a notebook."""

import html
import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, cast


def number(value: float) -> str:
    """A number at reading precision: four decimals, or an exponent where those would not do.

    >>> number(0.91234), number(3.2e-7), number(12), number(float("nan"))
    ('0.9123', '3.200e-07', '12', 'nan')
    """
    if isinstance(value, int):
        return str(value)
    if not value or not math.isfinite(value) or 1e-3 <= abs(value) < 1e6:
        return f"{value:.4f}"
    return f"{value:.3e}"


def duration(seconds: float) -> str:
    """A time span in the two units that matter.

    >>> duration(0.0042), duration(1.25), duration(192), duration(3725)
    ('4ms', '1.2s', '3m12s', '1h02m')
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """`text` whose signs can be seen and order nothing: names in files could colour a terminal,
    move its cursor, or turn the reading direction.

    >>> visible("cat\\x1b[2J"), visible("火炬")
    ('cat\\\\x1b[2J', '火炬')
    """
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def columns_of(text: str) -> int:
    """Columns of a terminal that `text` takes: two for wide signs, none for combining ones.

    >>> columns_of("horn"), columns_of("火炬")
    (4, 4)
    """
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 0) -> str:
    """`rows` under `head`, each column right-aligned to its widest cell, the first `words` left.

    >>> print(text_table(["epoch", "loss"], [["1", "0.5000"], ["10", "0.2500"]]))
    epoch    loss
        1  0.5000
       10  0.2500
    """
    head, rows = list(map(visible, head)), [list(map(visible, row)) for row in rows]
    widths = [max(map(columns_of, column)) for column in zip(head, *rows, strict=True)]
    lines: list[str] = []
    for row in (head, *rows):
        gaps = [" " * (width - columns_of(cell)) for width, cell in zip(widths, row, strict=True)]
        cells = [
            cell + gap if place < words else gap + cell
            for place, (gap, cell) in enumerate(zip(gaps, row, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def html_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    bold: int | None = None,
    note: str = "",
) -> str:
    """The same as HTML, every cell escaped; row number `bold` stands out, `note` goes below.

    >>> print(html_table(["a<b"], [["1"]]))
    <table><thead><tr><th>a&lt;b</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>
    """
    names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines: list[str] = []
    for index, row in enumerate(rows):
        style = ' style="font-weight: bold"' if index == bold else ""
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
        lines.append(f"<tr{style}>{cells}</tr>")
    table = f"<table><thead><tr>{names}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return table + html_lines(note.splitlines())


def html_lines(lines: Sequence[str], head: str = "") -> str:
    """`lines` as a paragraph, each on a line of its own, after `head` in bold; "" for none.

    >>> html_lines(["a<b", "c"])
    '<p>a&lt;b<br>c</p>'
    """
    found = [html.escape(line) for line in lines]
    if head:
        found = [f"<b>{html.escape(head)}</b> {found[0] if found else ''}".rstrip(), *found[1:]]
    return f"<p>{'<br>'.join(found)}</p>" if found else ""


def html_folded(head: str, body: str) -> str:
    """HTML that is shown when `head` is clicked.

    >>> html_folded("layers", "<pre>1</pre>")
    '<details><summary>layers</summary><pre>1</pre></details>'
    """
    return f"<details><summary>{html.escape(head)}</summary>{body}</details>"


def html_text(text: str) -> str:
    """Text as it stands, in letters of one width.

    >>> html_text("a < b")
    '<pre>a &lt; b</pre>'
    """
    return f"<pre>{html.escape(text)}</pre>"


def finite(value: Any) -> Any:
    """`value`, through all its lists and dicts, with None for nan and infinity: JSON has neither.

    >>> finite({"loss": 0.5, "scores": [float("nan")]})
    {'loss': 0.5, 'scores': [None]}
    """
    if isinstance(value, dict):
        return {name: finite(one) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in cast("list[Any]", value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value
