"""From the step as a function to a graph of tensor operations."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

from lampas.jit.baked import nothing_baked
from lampas.jit.form import Form
from lampas.jit.reasons import NotCompilableError, modules_of
from lampas.jit.rewrites import rewritten

if TYPE_CHECKING:
    from lampas.model import Model


class Function(Protocol):
    """A function of tensors; `form` says what its outputs are, once it was called."""

    form: Form | None

    def __call__(self, *tensors: Tensor) -> list[Tensor]: ...


@dataclass(frozen=True, slots=True)
class Traced:
    """A graph, the tensors that it takes behind those of the step (constants that the net holds
    outside of its buffers), and the form of its outputs."""

    graph: fx.GraphModule
    constants: list[Tensor]
    form: Form


def trace(model: "Model", function: Function, tensors: Sequence[Tensor]) -> Traced:
    """The graph of `function` on copies of `tensors`. Random states are put back.

    Raises `NotCompilableError` where the step decides by the values of tensors, or leaves something
    in Python; what the net itself raises comes as it is.
    """
    modules = modules_of(model)
    copies = [t.detach().clone(memory_format=torch.preserve_format) for t in tensors]
    with nothing_baked(modules), torch.random.fork_rng(devices=[]), _shapes_noted_quickly():
        try:
            graph = make_fx(function)(*copies)
        except RuntimeError as error:
            if "tracing tensor" in str(error) or "data-dependent" in str(error):
                raise NotCompilableError("the step decides by the value of a tensor") from error
            raise
        constants = _lifted(graph)
        graph = rewritten(graph, [*copies, *(c.clone() for c in constants)])
    assert function.form is not None
    return Traced(graph, constants, function.form)


@contextmanager
def _shapes_noted_quickly() -> Generator[None]:
    """`make_fx` notes the shape of each result as a fake tensor; where it finds no mode to make it
    in, it makes a mode for each, which takes half of the time of a trace."""
    from torch._guards import TracingContext, tracing
    from torch._subclasses import FakeTensorMode

    with tracing(TracingContext(FakeTensorMode(allow_fallback_kernels=True))):
        yield


def _lifted(graph: fx.GraphModule) -> list[Tensor]:
    """Make inputs of the tensors that the graph holds, so that a change of theirs is seen."""
    found: dict[str, tuple[fx.Node, Tensor]] = {}
    last = [node for node in graph.graph.nodes if node.op == "placeholder"][-1]
    mode = last.meta["val"].fake_mode
    for node in [node for node in graph.graph.nodes if node.op == "get_attr"]:
        name = cast(str, node.target)
        if name not in found:
            with graph.graph.inserting_after(last):
                last = graph.graph.placeholder(f"constant_{len(found)}")
            tensor = getattr(graph, name)
            last.meta["val"] = mode.from_tensor(tensor)  # as the other inputs have it
            found[name] = last, tensor
        node.replace_all_uses_with(found[name][0])
        graph.graph.erase_node(node)
    for name in found:
        delattr(graph, name)
    graph.recompile()
    return [tensor for _, tensor in found.values()]
