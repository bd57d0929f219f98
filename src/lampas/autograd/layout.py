"""Places for the boxes of a layered drawing: few crossings, and a straight trunk.

After Sugiyama, Tagawa & Toda (1981): layers, an order within each by barycentres, then places.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

GAP = 18.0
_SWEEPS = 6


class Item(NamedTuple):
    """A box, or a `bend` of a long edge. `weight`: how much it keeps to its place: a trunk more
    than what hangs beside it."""

    layer: int
    width: float
    weight: float
    bend: bool = False


def arranged(items: Sequence[Item], links: Sequence[tuple[int, int]]) -> list[float]:
    """The middle of each item, from 0 on, so that none of a layer overlap.

    links: (upper, lower) pairs of items in neighbouring layers.

    >>> arranged([Item(0, 40, 9), Item(1, 40, 9), Item(1, 40, 1)], [(0, 1), (0, 2)])
    [25.8, 20.0, 78.0]
    """
    if not items:
        return []
    above: list[list[int]] = [[] for _ in items]
    below: list[list[int]] = [[] for _ in items]
    for upper, lower in links:
        below[upper].append(lower)
        above[lower].append(upper)
    rows = _ordered(_first_rows(items, below), above, below)
    middles = _placed(rows, items, above, below)
    _straighten(rows, items, middles, below)
    left = min(middle - item.width / 2 for middle, item in zip(middles, items, strict=True))
    return [round(middle - left, 1) for middle in middles]


def _first_rows(items: Sequence[Item], below: Sequence[Sequence[int]]) -> list[list[int]]:
    """Items by layer in the order in which a walk in depth meets them, which crosses little."""
    rows: list[list[int]] = [[] for _ in range(1 + max(item.layer for item in items))]
    met: set[int] = set()
    waiting = sorted(range(len(items)), key=lambda number: (-items[number].layer, -number))
    while waiting:
        number = waiting.pop()
        if number in met:
            continue
        met.add(number)
        rows[items[number].layer].append(number)
        waiting.extend(reversed(below[number]))
    return rows


def _ordered(
    rows: list[list[int]], above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]
) -> list[list[int]]:
    """The best order met in a few sweeps, down by the places above, up by those below."""
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        rows = _swept(rows, above if sweep % 2 == 0 else below, upward=sweep % 2 == 1)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _swept(
    rows: Sequence[list[int]], beside: Sequence[Sequence[int]], *, upward: bool
) -> list[list[int]]:
    """Each row sorted by the mean place of its items' neighbours in the row before."""
    place: dict[int, float] = {}
    swept: list[list[int]] = []
    for row in reversed(rows) if upward else rows:
        for at, number in enumerate(row):
            near = [place[one] for one in beside[number]]
            place[number] = sum(near) / len(near) if near else float(at)
        swept.append(sorted(row, key=place.__getitem__))
        place.update((number, float(at)) for at, number in enumerate(swept[-1]))
    return swept[::-1] if upward else swept


def _crossings(rows: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> int:
    """How many pairs of links cross: inversions of the lower ends, sorted by the upper ones,
    counted in a Fenwick tree."""
    total = 0
    for upper, lower in pairwise(rows):
        place = {number: at for at, number in enumerate(lower, start=1)}
        ends = [end for number in upper for end in sorted(place[one] for one in below[number])]
        tree = [0] * (len(lower) + 1)
        for seen, end in enumerate(ends):
            total += seen - _below(tree, end)
            _count(tree, end)
    return total


def _below(tree: Sequence[int], end: int) -> int:
    found = 0
    while end:
        found += tree[end]
        end &= end - 1
    return found


def _count(tree: list[int], end: int) -> None:
    while end < len(tree):
        tree[end] += 1
        end += end & -end


def _placed(
    rows: Sequence[Sequence[int]],
    items: Sequence[Item],
    above: Sequence[Sequence[int]],
    below: Sequence[Sequence[int]],
) -> list[float]:
    """Each row as near to its neighbours as its order lets it, down and up a few times."""
    middles = [0.0] * len(items)
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [_wanted(number, sweep, middles, items, above, below) for number in row]
            for number, middle in zip(row, _apart(row, wanted, items), strict=True):
                middles[number] = middle
    return middles


def _wanted(
    number: int,
    sweep: int,
    middles: Sequence[float],
    items: Sequence[Item],
    above: Sequence[Sequence[int]],
    below: Sequence[Sequence[int]],
) -> float:
    """The mean of the neighbours' middles by weight, so that a trunk goes on straight."""
    near = (above[number] if sweep % 2 == 0 else below[number]) or above[number]
    total = sum(items[one].weight for one in near)
    if not total:
        return middles[number]
    return sum(middles[one] * items[one].weight for one in near) / total


def _straighten(
    rows: Sequence[Sequence[int]],
    items: Sequence[Item],
    middles: list[float],
    below: Sequence[Sequence[int]],
) -> None:
    """Make an edge that passes outside of all boxes as straight as a line."""
    for side, furthest in ((0, min), (-1, max)):
        outside = {row[side] for row in rows if len(row) > 1 and items[row[side]].bend}
        for first in sorted(outside, key=lambda number: items[number].layer):
            if first not in outside:
                continue
            chain = [first]
            while (after := below[chain[-1]]) and after[0] in outside:
                chain.append(after[0])
            outside -= set(chain)
            place = furthest(middles[number] for number in chain)
            for number in chain:
                middles[number] = place


def _apart(row: Sequence[int], wanted: Sequence[float], items: Sequence[Item]) -> list[float]:
    """Middles in the given order, without overlap, with the least weighted squared distance from
    the wanted ones: neighbours that would overlap are pooled (isotonic regression)."""
    offsets: list[float] = []
    blocks: list[tuple[float, float, int]] = []  # (place, weight, how many)
    for at, number in enumerate(row):
        half = (items[row[at - 1]].width + items[number].width) / 2 + GAP if at else 0.0
        offsets.append(half + (offsets[-1] if at else 0.0))
        place, weight, count = wanted[at] - offsets[at], items[number].weight, 1
        while blocks and blocks[-1][0] > place:
            other, heavy, many = blocks.pop()
            place = (place * weight + other * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + many
        blocks.append((place, weight, count))
    flat = [place for place, _, count in blocks for _ in range(count)]
    return [place + offset for place, offset in zip(flat, offsets, strict=True)]
