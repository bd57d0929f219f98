"""The layers of a run's net, from its summary.txt: nothing is loaded."""

import re
from collections.abc import Iterator

_CELL = re.compile(r"\S+(?: \S+)*")  # cells are two spaces apart
_TOLD = ("type", "output", "trainable", "frozen")


def layers(summary: str) -> dict[str, str]:
    """{path: what it is} for each layer of the table, and "parameters": how many there are.

    >>> layers('''layer  type    output  trainable
    ... (net)  Model   (B, 1)
    ...   a    Linear  (B, 1)          3
    ...
    ... 3 parameters: 3 trainable, 0 frozen; 12 B''')
    {'parameters': '3', '(net)': 'Model, (B, 1)', 'a': 'Linear, (B, 1), 3 trainable'}
    """
    table, _, rest = summary.partition("\n\n")
    found = re.search(r"^([\d,]+) parameters:", rest, re.M)
    total = {"parameters": found[1]} if found else {}
    return {**total, **dict(_rows(table.splitlines()))}


def _rows(lines: list[str]) -> Iterator[tuple[str, str]]:
    if not lines:
        return
    heads = {cell[0]: cell.span() for cell in _CELL.finditer(lines[0])}
    path: list[str] = []
    for line in lines[1:]:
        cells = list(_CELL.finditer(line))
        if not cells:
            continue
        depth = cells[0].start() // 2
        path = [*path[: max(0, depth - 1)], cells[0][0]]
        yield ".".join(path), ", ".join(_told(cells[1:], heads))


def _told(cells: list[re.Match[str]], heads: dict[str, tuple[int, int]]) -> Iterator[str]:
    """The cells under the heads that matter; words begin where their head does, numbers end."""
    for name in _TOLD:
        if name not in heads:
            continue
        first, last = heads[name]
        for cell in cells:
            if name in ("type", "output") and cell.start() == first:
                yield cell[0]
            elif name not in ("type", "output") and cell.end() == last:
                yield f"{cell[0]} {name}"
