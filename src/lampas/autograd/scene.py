"""What is drawn where: boxes in layers, copies of leaves, edges with their bends."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lampas.autograd.layout import Item, arranged
from lampas.autograd.parts import LEAVES, Edge, Node
from lampas.printing import columns_of
from lampas.summary.show import bytes_of

LETTER = 7.25  # pixels of a letter of a 12 px monospaced font: 0.602 em, and a little
_MOST_BENDS = 20_000


@dataclass(frozen=True, slots=True)
class Box:
    """A node's box; `copies`: how often a leaf is drawn, once below each layer that uses it."""

    node: Node
    lines: tuple[str, ...]
    middle: float
    width: float
    layer: int
    copies: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Boxes, and edges as lists of (middle, layer): ends and bends."""

    boxes: tuple[Box, ...]
    routes: tuple[tuple[tuple[float, int], ...], ...]

    @property
    def width(self) -> float:
        """From the left to the right, bends included."""
        sides = [box.middle + box.width / 2 for box in self.boxes]
        bends = [middle + 3 for route in self.routes for middle, _ in route]
        return max(sides + bends, default=0.0)

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return 1 + max((box.layer for box in self.boxes), default=-1)


def scene_of(nodes: Sequence[Node], edges: Sequence[Edge]) -> Scene:
    """Functions in layers by the longest way from the output; a leaf right below each user.

    A leaf that several layers use, as the weight of a recurrent cell, would draw an edge through
    the whole picture from each: it is drawn anew instead.
    """
    layer, weight = _layers(nodes, edges), _weights(nodes, edges)
    owners: list[int] = [node.number for node in nodes if node.kind not in LEAVES]
    where: dict[tuple[int, int], int] = {(number, -1): at for at, number in enumerate(owners)}
    items = [_item(nodes[number], layer[number], weight[number]) for number in owners]
    ends: list[tuple[int, int]] = []
    for edge in dict.fromkeys((edge.source, edge.target) for edge in edges):
        source, target = edge
        below = layer[source] + 1
        key = (target, below if nodes[target].kind in LEAVES else -1)
        if key not in where:
            where[key] = len(items)
            owners.append(target)
            items.append(_item(nodes[target], below, weight[target]))
        ends.append((where[source, -1], where[key]))
    paths, links = _bent(ends, items)
    middles = arranged(items, links)
    return Scene(_boxes(nodes, owners, items, middles), _routes(paths, items, middles))


def _layers(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[int]:
    """The longest way to each node: edges lead to greater numbers, so one pass will do."""
    layer = [0] * len(nodes)
    for source, target, _ in sorted(edges):
        layer[target] = max(layer[target], layer[source] + 1)
    return layer


def _weights(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[float]:
    """One more than what a node has below it at the deepest; more than 40 make no difference."""
    weight = [1.0] * len(nodes)
    for source, target, _ in sorted(edges, reverse=True):
        weight[source] = max(weight[source], min(40.0, weight[target] + 1))
    return weight


def lines_of(node: Node) -> tuple[str, ...]:
    """What a box says: the name, shortened from the left; shape and saved bytes."""
    name = node.name if len(node.name) <= 40 else f"…{node.name[-39:]}"
    forms = [str(form).removesuffix(" float32") for form in node.forms[:1]]
    more = [f"+{len(node.forms) - 1}"] if len(node.forms) > 1 else []
    saved = [f"· {bytes_of(node.saved_bytes)}"] if node.saved_bytes else []
    below = " ".join([*forms, *more, *saved])
    return (name, below) if below else (name,)


def _item(node: Node, layer: int, weight: float) -> Item:
    width = LETTER * max(map(columns_of, lines_of(node))) + 20
    return Item(layer, round(width, 1), weight**2)


def _bent(
    ends: Sequence[tuple[int, int]], items: list[Item]
) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """Edges with a bend in each layer that they pass; the bends become items.

    Many long edges would cost the square of the depth: then they are drawn without bends.
    """
    spans = sum(items[target].layer - items[source].layer - 1 for source, target in ends)
    paths: list[list[int]] = []
    for source, target in ends:
        path = [source]
        if spans <= _MOST_BENDS:
            for layer in range(items[source].layer + 1, items[target].layer):
                path.append(len(items))
                items.append(Item(layer, 6.0, 1.0, bend=True))
        paths.append([*path, target])
    links = [pair for path in paths for pair in pairwise(path)]
    near = [(a, b) for a, b in links if items[b].layer - items[a].layer == 1]
    return paths, near


def _boxes(
    nodes: Sequence[Node], owners: Sequence[int], items: Sequence[Item], middles: Sequence[float]
) -> tuple[Box, ...]:
    copies: dict[int, int] = {}
    for number in owners:
        copies[number] = copies.get(number, 0) + 1
    return tuple(
        Box(nodes[number], lines_of(nodes[number]), middle, item.width, item.layer, copies[number])
        for number, item, middle in zip(owners, items, middles, strict=False)
    )


def _routes(
    paths: Sequence[Sequence[int]], items: Sequence[Item], middles: Sequence[float]
) -> tuple[tuple[tuple[float, int], ...], ...]:
    return tuple(tuple((middles[at], items[at].layer) for at in path) for path in paths)
