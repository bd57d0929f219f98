"""The curves of a run as letters, for a terminal."""

import math
from collections.abc import Mapping, Sequence

from lampas.cli.output import table
from lampas.printing import number

_HEIGHT = 7
_TRAIN, _HELD_OUT = "·", "o"


def curves(history: Mapping[str, Sequence[float]], width: int = 80) -> str:
    """The loss, and beside it the first metric, over the epochs; "" where there is no number.

    history: {column: a value an epoch}, as `History.history`. width: letters in a line. Two
    panels stand side by side where 60 letters are there, else the loss alone. One epoch is no
    curve: its numbers are shown.

    >>> print(curves({"loss": [4.0, 2.0, 1.0]}, width=30))
    loss
    4.0000 |··
           |  ··
           |    ···
           |       ···
           |          ····
           |              ·····
    1.0000 |                   ···
           +----------------------
            1                    3
    """
    names = list(dict.fromkeys(name.removeprefix("val_") for name in history))
    if all(len(column) == 1 for column in history.values()):
        return _numbers(names, {name: column[0] for name, column in history.items()}, width)
    names = sorted(names, key=lambda name: name != "loss")[: 2 if width >= 60 else 1]
    across = (width - 3 * (len(names) - 1)) // max(len(names), 1)
    panels = [
        _panel(name, history.get(name, ()), history.get(f"val_{name}", ()), across)
        for name in names
    ]
    panels = [panel for panel in panels if panel]
    if not panels:
        return ""
    lines = ["   ".join(parts).rstrip() for parts in zip(*panels, strict=True)]
    if any(name.startswith("val_") for name in history):
        lines.append(f"{_TRAIN} training   {_HELD_OUT} held out")
    return "\n".join(lines)


def _numbers(names: Sequence[str], row: Mapping[str, float], width: int) -> str:
    """A table of the one epoch, training and held out; "" where there is no number."""
    if not any(math.isfinite(value) for value in row.values()):
        return ""
    parts = ("", "val_") if any(name.startswith("val_") for name in row) else ("",)
    rows = [
        [name, *(number(row[part + name]) if part + name in row else "" for part in parts)]
        for name in names
    ]
    head = ["score", "training", "held out"][: 1 + len(parts)]
    return "\n".join(line[:width] for line in table(head, rows).splitlines())


def _panel(name: str, train: Sequence[float], held_out: Sequence[float], width: int) -> list[str]:
    """Title, plot, axis and epochs, each line `width` letters long; [] without a number."""
    finite = [value for value in (*train, *held_out) if math.isfinite(value)]
    if not finite:
        return []
    low, high = min(finite), max(finite)
    edge = max(len(number(low)), len(number(high)))
    columns = width - edge - 2
    grid = [[" "] * columns for _ in range(_HEIGHT)]
    for curve, mark in ((train, _TRAIN), (held_out, _HELD_OUT)):
        _draw(grid, curve, mark, low, high)
    labels = [number(high), *[""] * (_HEIGHT - 2), number(low)]
    last = str(max(len(train), len(held_out)))
    lines = [
        name,
        *(f"{label:>{edge}} |{''.join(row)}" for label, row in zip(labels, grid, strict=True)),
        f"{'':>{edge}} +{'-' * columns}",
        f"{'':>{edge}}  1{last:>{columns - 1}}",
    ]
    return [line.ljust(width)[:width] for line in lines]


def _draw(
    grid: list[list[str]], curve: Sequence[float], mark: str, low: float, high: float
) -> None:
    """Put `mark` where the curve passes, a column at a time; leaps over a row are filled."""
    before: int | None = None
    for column in range(len(grid[0])):
        value = _at(curve, column / max(len(grid[0]) - 1, 1))
        if value is None:
            before = None
            continue
        share = (high - value) / (high - low) if high > low else 0.5
        row = round(share * (len(grid) - 1))
        step = 1 if before is None or before < row else -1
        for between in range(row if before is None else before + step, row, step):
            grid[between][column] = mark
        grid[row][column] = mark
        before = row


def _at(curve: Sequence[float], share: float) -> float | None:
    """The curve's value at `share` of its length, on the line between two epochs."""
    if not curve:
        return None
    place = share * (len(curve) - 1)
    left = min(int(place), len(curve) - 1)
    right = min(left + 1, len(curve) - 1)
    value = curve[left] + (place - left) * (curve[right] - curve[left])
    return value if math.isfinite(value) else None
