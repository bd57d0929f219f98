"""From outputs to leaves, the way backward goes: `grad_fn`, then `next_functions`, to the end.

Never recursive: a loop over a hundred thousand steps makes a graph as deep.
"""

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge

from lampas.autograd.deep import guard
from lampas.autograd.names import Names
from lampas.autograd.parts import Edge, Form, Node, form_of
from lampas.autograd.saved import Ledger


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found: nodes by number, edges, the Functions themselves, who reads a parameter.

    `stations` holds autograd's own objects, which keep the graph alive: for a moment's questions.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    stations: dict[Any, int]
    readers: dict[str, str]


def walk(outputs: Sequence[tuple[str, Tensor]], names: Names) -> Walk:
    """Nodes and edges from (name, tensor) pairs, whose tensors require grad, to the leaves."""
    roots = [get_gradient_edge(tensor) for _, tensor in outputs]
    stations = _in_order(_found([root.node for root in roots]), len(outputs))
    for station in stations:
        if is_leaf(station) and isinstance(station.variable, nn.Parameter):
            names.own(station.variable, names.of(station.variable) or "a parameter")
    ledger = Ledger(names)
    nodes = [
        Node(number, "output", name, (form_of(tensor),))
        for number, (name, tensor) in enumerate(outputs)
    ]
    edges = [Edge(number, stations[root.node], root.output_nr) for number, root in enumerate(roots)]
    for station, number in stations.items():
        nodes.append(_described(station, number, names, ledger))
        edges += [
            Edge(number, stations[following], output)
            for following, output in station.next_functions
            if following is not None
        ]
    guard(stations, edges)
    return Walk(tuple(nodes), tuple(edges), stations, ledger.readers)


def _found(roots: Sequence[Any]) -> dict[Any, int]:
    """All stations, with the number of edges that lead into each; a cycle does no harm."""
    entries: dict[Any, int] = dict.fromkeys(roots, 0)
    waiting = list(entries)
    while waiting:
        for station, _ in waiting.pop().next_functions:
            if station is None:
                continue
            if station not in entries:
                entries[station] = 0
                waiting.append(station)
            entries[station] += 1
    return entries


def _in_order(entries: dict[Any, int], first: int) -> dict[Any, int]:
    """Stations numbered from `first` in the order of backward: the youngest Function that has
    all its gradients comes next, a leaf as soon as its last one is there."""
    left = dict(entries)
    ready = [(-_age(one), place, one) for place, one in enumerate(left) if not left[one]]
    heapq.heapify(ready)
    order: dict[Any, int] = {}
    pushed = len(left)
    while ready:
        station = heapq.heappop(ready)[2]
        order[station] = first + len(order)
        for following, _ in station.next_functions:
            if following is None:
                continue
            left[following] -= 1
            if not left[following]:
                pushed += 1  # tells stations of one age apart, which cannot be compared
                heapq.heappush(ready, (-_age(following), pushed, following))
    for station in left:  # of a cycle, which autograd cannot make
        order.setdefault(station, first + len(order))
    return order


def _age(station: Any) -> int:
    """Functions are numbered as they are made; leaves have the greatest number there is."""
    return int(station._sequence_nr())


def _described(station: Any, number: int, names: Names, ledger: Ledger) -> Node:
    if is_leaf(station):
        tensor = station.variable
        name = names.of(tensor)
        if name or isinstance(tensor, nn.Parameter):
            return Node(number, "parameter", name or "Parameter", (form_of(tensor),))
        return Node(number, "input", "tensor", (form_of(tensor),))
    name = name_of(station.name())
    forms = _forms(station)
    ends = sum(following is None for following, _ in station.next_functions)
    note = f"{ends} input{'s' * (ends > 1)} without gradient" if ends else ""
    saved = ledger.of(station, f"{name} {number}")
    return Node(number, "function", name, forms, saved, functions=1, note=note)


def is_leaf(station: Any) -> bool:
    """Whether a gradient ends here, in a tensor's `.grad`."""
    return type(station).__name__ == "AccumulateGrad"


def name_of(name: str) -> str:
    """A Function's name as people know the operation.

    >>> name_of("AddmmBackward0"), name_of("torch::autograd::CopySlices"), name_of("Backward")
    ('Addmm', 'CopySlices', 'Backward')
    """
    short = name.rpartition("::")[2]
    return re.sub(r"(?<=.)Backward\d*$", "", short)


def _forms(station: Any) -> tuple[Form, ...]:
    """What went out of a Function in the forward pass; what autograd did not note is left out."""
    known = getattr(station, "_input_metadata", None) or ()
    return tuple(form_of(one) for one in known if one.dtype is not None)
