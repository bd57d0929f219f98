"""Places of boxes: laws on random layers."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.autograd.layout import GAP, Item, arranged


@st.composite
def drawings(draw: st.DrawFn) -> tuple[list[Item], list[tuple[int, int]]]:
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=6))
    items = [
        Item(layer, draw(st.floats(5, 90)), draw(st.floats(1, 100)), draw(st.booleans()))
        for layer, size in enumerate(sizes)
        for _ in range(size)
    ]
    starts = [sum(sizes[:layer]) for layer in range(len(sizes))]
    links = [
        (draw(st.integers(upper, lower - 1)), draw(st.integers(lower, lower + size - 1)))
        for (upper, lower), size in zip(pairwise(starts), sizes[1:], strict=True)
        for _ in range(size + 2)
    ]
    return items, list(dict.fromkeys(links))


@settings(deadline=None, max_examples=80)
@given(drawings())
def test_boxes_of_a_layer_do_not_overlap(drawing: tuple[list[Item], list[tuple[int, int]]]) -> None:
    items, links = drawing
    middles = arranged(items, links)
    assert abs(min(m - i.width / 2 for m, i in zip(middles, items, strict=True))) < 0.1
    for layer in {item.layer for item in items}:
        row = sorted((m, i.width) for m, i in zip(middles, items, strict=True) if i.layer == layer)
        for (left, wide), (right, broad) in pairwise(row):
            assert right - left > (wide + broad) / 2 + GAP - 0.2


def test_a_chain_is_straight() -> None:
    items = [Item(layer, 40.0 + layer, 9.0) for layer in range(5)]
    assert set(arranged(items, list(pairwise(range(5))))) == {22.0}


def test_a_trunk_goes_on_straight_past_what_hangs_beside_it() -> None:
    items = [Item(0, 40, 900.0), Item(1, 40, 1.0), Item(1, 40, 400.0), Item(2, 40, 100.0)]
    middles = arranged(items, [(0, 1), (0, 2), (2, 3)])
    assert max(middles[0], middles[2], middles[3]) - min(middles[0], middles[2], middles[3]) < 2


def test_crossings_are_taken_out() -> None:
    items = [Item(layer, 40, 1.0) for layer in (0, 0, 1, 1)]
    middles = arranged(items, [(0, 3), (1, 2)])
    assert (middles[0] < middles[1]) == (middles[3] < middles[2])


def test_a_long_edge_outside_is_as_straight_as_a_line() -> None:
    items = [Item(0, 40, 9.0)]
    links: list[tuple[int, int]] = []
    for layer, width in enumerate((40, 120, 60), start=1):
        items += [Item(layer, width, 9.0), Item(layer, 6, 1.0, bend=True)]
        links += [(max(0, 2 * layer - 3), 2 * layer - 1), (max(0, 2 * layer - 2), 2 * layer)]
    items.append(Item(4, 40, 9.0))
    links += [(5, 7), (6, 7)]
    middles = arranged(items, links)
    assert len({middles[2], middles[4], middles[6]}) == 1


def test_nothing() -> None:
    assert arranged([], []) == []
