"""Functions folded into the layers whose parameters they read, down to a depth of the model.

The graph does not say which layer made a Function. It does say which parameters a Function
reads, and in what order Functions were made. So a layer is a run of Functions, in that order, from
one that reads its parameters to the last one before another layer's. What stands between two runs,
as an activation without parameters, stays as it is.
"""

from collections.abc import Iterator, Mapping, Sequence

from lampas.autograd.parts import LEAVES, Edge, Node


def folded(
    nodes: Sequence[Node], edges: Sequence[Edge], types: Mapping[str, str], depth: int
) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """The graph with each layer at `depth` (0: the whole model) as one node.

    `types`: the layers' classes by path. Runs follow each other in an order in which every edge
    leads onward, so folding them can make no cycle.
    """
    labels = _labels(nodes, edges, depth)
    homes: dict[int, int] = {}
    for run in _runs(nodes, labels):
        homes.update(dict.fromkeys(range(run[0], run[-1] + 1), run[0]))
    homes = {number: home for number, home in homes.items() if nodes[number].kind == "function"}
    _take_leaves(nodes, edges, homes)
    groups: dict[int, list[Node]] = {}
    for node in nodes:
        groups.setdefault(homes.get(node.number, node.number), []).append(node)
    numbers = {first: place for place, first in enumerate(groups)}
    places = {node.number: numbers[first] for first, group in groups.items() for node in group}
    new = [_one(group, place, labels, types) for place, group in enumerate(groups.values())]
    led = (Edge(places[edge.source], places[edge.target], edge.output) for edge in edges)
    return tuple(new), tuple(dict.fromkeys(edge for edge in led if edge.source != edge.target))


def _labels(nodes: Sequence[Node], edges: Sequence[Edge], depth: int) -> dict[int, str]:
    """The layer whose parameters a Function reads, itself or through a view such as T."""
    targets: dict[int, list[int]] = {}
    for edge in edges:
        targets.setdefault(edge.source, []).append(edge.target)
    read: dict[int, set[str]] = {}
    aside: set[int] = set()
    for node in reversed(nodes):
        after = targets.get(node.number, [])
        leaves = [nodes[one] for one in after if nodes[one].kind == "parameter"]
        read[node.number] = {_layer(leaf.name, depth) for leaf in leaves}
        read[node.number].update(*(read[one] for one in after if one in aside))
        if node.kind == "function" and read[node.number] and len(after) == 1 and not node.saved:
            aside.add(node.number)
    return {
        number: found.pop()
        for number, found in read.items()
        if len(found) == 1 and nodes[number].kind == "function" and (depth == 0 or "" not in found)
    }


def _layer(parameter: str, depth: int) -> str:
    return ".".join(parameter.split(".")[:-1][:depth])


def _runs(nodes: Sequence[Node], labels: Mapping[int, str]) -> Iterator[list[int]]:
    """Neighbours of one label among the Functions that read parameters, as lists of numbers."""
    run: list[int] = []
    for number in (node.number for node in nodes if node.number in labels):
        if run and labels[run[-1]] != labels[number]:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _take_leaves(nodes: Sequence[Node], edges: Sequence[Edge], homes: dict[int, int]) -> None:
    """Put a parameter that one group alone reads into that group."""
    users: dict[int, set[int]] = {}
    for edge in edges:
        if nodes[edge.target].kind == "parameter":
            users.setdefault(edge.target, set()).add(homes.get(edge.source, -1))
    for leaf, groups in users.items():
        if len(groups) == 1 and -1 not in groups:
            homes[leaf] = next(iter(groups))


def _one(
    group: Sequence[Node], place: int, labels: Mapping[int, str], types: Mapping[str, str]
) -> Node:
    """A group as one node; a lone one keeps its kind."""
    first = group[0]
    inside = [node for node in group if node.kind == "function"]
    label = next((labels[node.number] for node in inside if node.number in labels), "")
    if len(group) == 1 or first.kind in LEAVES:
        return Node(
            place, first.kind, first.name, first.forms, first.saved, first.functions, first.note
        )
    kind = types.get(label, "")
    name = f"{label} ({kind})" if label else kind
    count = len(group) - len(inside)
    note = f"{len(inside)} Functions, {count} parameters"
    saved = tuple(one for node in inside for one in node.saved)
    return Node(place, "layer", name, first.forms, saved, len(inside), note)
