"""`graph`: what backward will walk from a loss to the leaves, in words and as a picture."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from lampas.atomic import whole_file
from lampas.autograd.dot import dot
from lampas.autograd.fold import folded
from lampas.autograd.missing import FROZEN, UNKNOWN, Missing, missing_of
from lampas.autograd.names import Names, check_model
from lampas.autograd.parts import Edge, Node
from lampas.autograd.svg import svg
from lampas.autograd.trace import Trace, traced
from lampas.autograd.walk import walk
from lampas.autograd.words import counted, report
from lampas.data.nest import named_leaves
from lampas.errors import InputError

_MOST_SHOWN = 1500


@dataclass(frozen=True, slots=True, repr=False)
class Graph:
    """What `lampas.graph` found; prints as a report, and is a picture in a notebook.

    `nodes`: in the order of backward, outputs first; `nodes[i].number` is i. `edges`: (source,
    target, output), the way of the gradients. `missing`: the model's parameters that get none.
    Holds no tensor and no Function: what backward needs is freed as if nobody had looked.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    missing: tuple[Missing, ...]
    remarks: tuple[str, ...]
    types: dict[str, str]

    @property
    def saved_bytes(self) -> int:
        """Bytes kept for backward beside parameters and buffers, each storage once."""
        return sum(node.saved_bytes for node in self.nodes)

    def to_depth(self, depth: int) -> "Graph":
        """The same with the model's layers at `depth` as one node each (0: the whole model).

        Raises `InputError` for a graph made without a model, and below 0.
        """
        if type(depth) is not int or depth < 0:
            raise InputError(f"depth is {depth!r}: it must be an integer of 0 or more")
        if not self.types:
            raise InputError("depth folds the layers of a model: pass it, as graph(loss, model)")
        nodes, edges = folded(self.nodes, self.edges, self.types, depth)
        return replace(self, nodes=nodes, edges=edges)

    def svg(self) -> str:
        """The picture as SVG, for light and dark; a box tells all it knows under the pointer."""
        return svg(self.nodes, self.edges, self.missing)

    def dot(self) -> str:
        """The picture in the language of Graphviz."""
        return dot(self.nodes, self.edges, self.missing)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write "….svg" or "….dot", whole or not at all. Raises `InputError` for another name."""
        suffix = os.path.splitext(os.fspath(path))[1].lower()
        if suffix not in (".svg", ".dot"):
            raise InputError(f"cannot draw into {os.fspath(path)}: end its name in .svg or .dot")
        with whole_file(path) as file:
            file.write((self.svg() if suffix == ".svg" else self.dot()).encode())

    def __str__(self) -> str:
        return report(self.nodes, self.missing, self.remarks)

    def __repr__(self) -> str:
        return str(self)

    def _repr_svg_(self) -> str | None:
        """None for a picture that no page could show: a notebook then prints the report."""
        return self.svg() if len(self.nodes) <= _MOST_SHOWN else None


def graph(
    loss: Any | Callable[[], Any], model: nn.Module | None = None, *, depth: int | None = None
) -> Graph:
    """What backward will walk from `loss`: Functions, leaves, and what is saved for it.

    loss: a tensor of any shape and dtype that requires grad; a tuple, list or dict of such; or a
        function without arguments that computes one of these, such as
        `lambda: criterion(model(x), y)`. Then the layers are watched while it runs, and a
        parameter that gets no gradient is told with the place where its path is cut.
    model: names the leaves, and tells which of its parameters get no gradient.
    depth: folds the model's layers; see `Graph.to_depth`.

    Nothing is computed, and nothing changes: no gradient, no hook, no saved tensor. A tensor
    packed by a hook, as in checkpointing, is not unpacked.

    Raises `InputError` in one line for what does not require grad or is no tensor.

    >>> import torch
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> _ = net[2].bias.requires_grad_(False)
    >>> print(graph(net(torch.ones(3, 4)).mean(), net))
    backward walks 6 Functions to 3 leaves; 144 B is saved for it
    the most by Addmm 2 (3, 1) float32 96 B, Addmm 6 (3, 8) float32 48 B
    '2.bias' gets no gradient: requires_grad is False
    """
    check_model(model)
    names = Names(model)
    trace: Trace | None = None
    if _computes(loss):
        loss, trace = traced(loss, names.model) if names.model is not None else (loss(), None)
    outputs, rest = _outputs(loss, names, trace)
    found = walk(outputs, names)
    reached = {node.name for node in found.nodes if node.kind == "parameter"}
    missing = missing_of(names, reached, found.readers, trace, found.stations)
    remarks = [f"{name} does not require grad: backward does not start there" for name in rest]
    again = next((node for node in found.nodes if node.name == "CheckpointFunction"), None)
    if again is not None:
        hidden = sum(one.reason != FROZEN for one in missing)
        missing = tuple(one for one in missing if one.reason == FROZEN)
        remarks += [_hidden(hidden, again)] if hidden else []
    if any(one.reason == UNKNOWN for one in missing):
        remarks.append(
            "where a path is cut: graph(lambda: ..., model) watches the layers and tells"
        )
    drawn = Graph(found.nodes, found.edges, missing, tuple(remarks), names.types)
    return drawn if depth is None else drawn.to_depth(depth)


def _hidden(count: int, again: Node) -> str:
    """Reentrant checkpointing walks a graph of its own in backward, which is not there yet."""
    return (
        f"{counted(count, 'parameter')} may get gradients in {again.name} {again.number}, which "
        "runs its layers again in backward: checkpoint(..., use_reentrant=False) shows them"
    )


def _computes(loss: Any) -> bool:
    if isinstance(loss, nn.Module | type):
        name = loss.__name__ if isinstance(loss, type) else type(loss).__name__
        raise InputError(f"loss is {name}: pass the tensor that the model computes, as graph(loss)")
    return callable(loss) and not isinstance(loss, Tensor)


def _outputs(
    loss: Any, names: Names, trace: Trace | None
) -> tuple[list[tuple[str, Tensor]], list[str]]:
    """(name, tensor) where backward starts, and the names of tensors where it cannot."""
    found = [(name, one) for name, one in named_leaves(loss, "loss") if isinstance(one, Tensor)]
    if not found:
        raise InputError(
            f"loss is of type {type(loss).__name__}, without a tensor in it: pass a tensor that "
            "requires grad, or a tuple, list or dict of such"
        )
    start = [(name, tensor) for name, tensor in found if tensor.requires_grad]
    if not start:
        raise InputError(f"{found[0][0]} does not require grad: {_why(names, trace)}")
    return start, [name for name, tensor in found if not tensor.requires_grad]


def _why(names: Names, trace: Trace | None) -> str:
    """What is known of a loss without a graph; the parameter nearest to it knows best."""
    missing = missing_of(names, (), {}, trace, {}) if trace or names.parameters else ()
    told = [one.reason for one in missing if one.reason not in (FROZEN, UNKNOWN)]
    if told:
        return told[-1]
    if missing and all(one.reason == FROZEN for one in missing):
        return "all parameters of the model are frozen; call requires_grad_() on those to train"
    return (
        "backward has nothing to walk; look for detach(), .item(), argmax or torch.no_grad() on "
        "the way from the parameters"
    )
