"""Deep graphs die in pieces.

torch frees a graph without recursion, however deep, unless Python has seen its Functions: in
torch 2.13 these keep their Python objects, and each then frees the next one from within. From
some 45 000 on, and much less on the small stacks of threads, that overflows the stack, and the
process is gone. So of a deep graph that was walked every so many Functions are held, which ends
the chain there, and are let go when those before them are gone. That is known by an object in
their `metadata`, since there are no weak references to Functions, and done when Python collects
garbage, which is never within a chain of more than two pieces.
"""

import gc
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lampas.autograd.parts import Edge

PIECE = 2_000
_keys = itertools.count()
_held: dict[int, Any] = {}
_ready: list[int] = []


class _Last:
    """Lies in the `metadata` of the Functions before a held one; the last to go tells."""

    def __init__(self, key: int) -> None:
        self.key = key

    def __del__(self) -> None:
        _ready.append(self.key)


def guard(stations: Mapping[Any, int], edges: Sequence[Edge]) -> None:
    """Hold the Functions of a deep graph at which a new piece begins; edges by their sources."""
    let_go()
    if len(stations) < PIECE:
        return
    layer = _layers(stations, edges)
    before: dict[int, set[int]] = {}
    for source, target, _ in edges:
        if layer.get(source, 0) // PIECE < layer[target] // PIECE:
            before.setdefault(target, set()).add(source)
    by_number = {number: station for station, number in stations.items()} if before else {}
    for target, sources in sorted(before.items()):
        key = next(_keys)
        _held[key] = by_number[target]
        last = _Last(key)
        for source in sources & by_number.keys():
            by_number[source].metadata.setdefault("lampas", []).append(last)
    if before and _on_collection not in gc.callbacks:
        gc.callbacks.append(_on_collection)


def let_go() -> None:
    """Drop those held Functions that nobody before them holds any more, piece after piece."""
    while _ready:
        _held.pop(_ready.pop(), None)


def _layers(stations: Mapping[Any, int], edges: Iterable[Edge]) -> dict[int, int]:
    """The longest way to each Function: edges come sorted by their sources."""
    layer = dict.fromkeys(stations.values(), 0)
    for edge in edges:
        layer[edge.target] = max(layer[edge.target], layer.get(edge.source, -1) + 1)
    return layer


def _on_collection(phase: str, _: dict[str, int]) -> None:
    if phase == "stop" and _ready:
        let_go()
