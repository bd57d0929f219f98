"""Layers as a table of text, whose columns fit in a terminal whatever the letters, or as HTML."""

from collections.abc import Sequence

from lampas.printing import columns_of, html_table
from lampas.summary.rows import Row

_NUMBERS = ("trainable", "frozen", "MACs")


def text(rows: Sequence[Row]) -> str:
    """The table; columns that would be empty are left out."""
    return aligned(_columns(rows, "  "))


def html(rows: Sequence[Row], note: str) -> str:
    """The same for a notebook, with `note` below."""
    head, *cells = zip(*_columns(rows, "\u2003"), strict=True)
    return html_table(head, cells, note=note)


def _columns(rows: Sequence[Row], indent: str) -> list[list[str]]:
    columns: list[list[str]] = [
        ["layer", *(indented(row.path, indent) for row in rows)],
        ["type", *(row.type for row in rows)],
        ["input", *(row.input for row in rows)],
        ["output", *(row.output for row in rows)],
        ["trainable", *(_count(row.trainable) for row in rows)],
        ["frozen", *(_count(row.frozen) for row in rows)],
        ["MACs", *(_count(row.macs or 0) for row in rows)],
        ["note", *(row.note for row in rows)],
    ]
    return [column for column in columns if any(column[1:]) or column[0] == "trainable"]


def indented(path: str, indent: str = "  ") -> str:
    """The last name of a path, moved in as deep as it lies.

    >>> indented("a.b"), indented("")
    ('    b', '(net)')
    """
    return indent * (path.count(".") + 1) + path.rpartition(".")[2] if path else "(net)"


def aligned(columns: Sequence[Sequence[str]]) -> str:
    """Columns beside each other, numbers to the right, with their first cells as heads."""
    padded = [_padded(column, right=column[0] in _NUMBERS) for column in columns]
    return "\n".join("  ".join(line).rstrip() for line in zip(*padded, strict=True))


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _padded(column: Sequence[str], right: bool) -> list[str]:
    widest = max(map(columns_of, column))
    gaps = [" " * (widest - columns_of(cell)) for cell in column]
    return [gap + cell if right else cell + gap for gap, cell in zip(gaps, column, strict=True)]


def bytes_of(count: int) -> str:
    """A size in the unit that suits it.

    >>> bytes_of(232), bytes_of(1536), bytes_of(97_500_000)
    ('232 B', '1.5 KiB', '93.0 MiB')
    """
    if count < 1024:
        return f"{count} B"
    size = count / 1024
    for unit in ("KiB", "MiB"):
        if size < 1024:
            return f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def macs_of(count: int) -> str:
    """Multiply-accumulates in the unit that suits them.

    >>> macs_of(48), macs_of(4_089_184_256), macs_of(69_000_000_000_000)
    ('48 MACs', '4.09 GMACs', '69 TMACs')
    """
    size = float(count)
    for unit in ("", "k", "M", "G"):
        if size < 1000:
            return f"{size:.3g} {unit}MACs"
        size /= 1000
    return f"{size:.3g} TMACs"
