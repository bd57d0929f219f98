"""From outputs to leaves, whatever autograd can make."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lampas.autograd.names import Names
from lampas.autograd.parts import LEAVES, Form
from lampas.autograd.walk import Walk, name_of, walk


def walked(*tensors: Tensor, model: nn.Module | None = None) -> Walk:
    return walk([(f"loss[{n}]", tensor) for n, tensor in enumerate(tensors)], Names(model))


def names(found: Walk) -> list[str]:
    return [node.name for node in found.nodes]


class Both(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        product = x * y
        ctx.save_for_backward(x, y)
        ctx.own = product  # a cycle: the Function holds its output, which holds the Function
        return product, x + y

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0], grads[1]


def test_a_small_graph() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    found = walked((x * 2).sum())
    assert names(found) == ["loss[0]", "Sum", "Mul", "tensor"]
    assert [node.kind for node in found.nodes] == ["output", "function", "function", "input"]
    assert found.nodes[2].forms == (Form((2, 3), "float32"),)
    assert found.edges == ((0, 1, 0), (1, 2, 0), (2, 3, 0))


def test_a_leaf_is_an_output_too() -> None:
    found = walked(torch.ones(2, requires_grad=True))
    assert names(found) == ["loss[0]", "tensor"]


def test_several_outputs_of_one_function() -> None:
    parts = torch.ones(4, requires_grad=True).split(2)
    found = walked(*parts)
    assert names(found) == ["loss[0]", "loss[1]", "Split", "tensor"]
    assert found.edges[:2] == ((0, 2, 0), (1, 2, 1))
    assert len(found.nodes[2].forms) == 2


def test_custom_functions_and_their_cycles() -> None:
    x = torch.ones(3, requires_grad=True)
    product, total = Both.apply(x, x * 2)
    found = walked(product.sum() + total.sum())
    both = next(node for node in found.nodes if node.name == "Both")
    assert len(both.forms) == 2
    assert [saved.name for saved in both.saved] == ["tensors[0]", "tensors[1]", "ctx.own"]


def test_in_place_views_and_complex() -> None:
    x = torch.ones(2, requires_grad=True)
    base = torch.zeros(4)
    base[1:3] = x * 2
    assert "CopySlices" in names(walked(base))
    number = torch.view_as_complex((x * 1).view(1, 2))
    assert walked(number).nodes[0].forms == (Form((1,), "complex64"),)
    changed = (x * 2).exp()
    changed += 1
    changed.mul_(3)
    assert names(walked(changed))[1:4] == ["Mul", "Add", "Exp"]


def test_checkpoints_are_not_run_again() -> None:
    calls: list[int] = []
    layer = nn.Linear(3, 3)

    def twice(x: Tensor) -> Tensor:
        calls.append(1)
        return layer(x).exp()

    y = checkpoint(twice, torch.ones(2, 3, requires_grad=True), use_reentrant=False)
    assert "weight" in names(walked(y, model=layer))
    assert len(calls) == 1
    y.sum().backward()
    assert layer.weight.grad is not None


def test_a_hundred_thousand_nodes_deep() -> None:
    x = torch.ones(1, requires_grad=True)
    for _ in range(100_000):
        x = x * 1.0
    assert len(walked(x).nodes) == 100_002


def test_functions_come_in_the_order_of_backward() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    order: list[str] = []
    first, second = (x * 2).exp(), x.sin()
    loss = (first @ second).sum()
    found = walked(loss)

    def note(station: Any) -> None:
        station.register_hook(lambda *_: order.append(name_of(station.name())))

    for station in found.stations:
        if station.next_functions:
            note(station)
    loss.backward()
    assert order == [node.name for node in found.nodes if node.kind == "function"]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40))
def test_edges_lead_onward_and_nothing_is_left_out(pairs: list[tuple[int, int]]) -> None:
    made = [torch.ones(1, requires_grad=True) for _ in range(3)]
    for left, right in pairs:
        made.append(made[left % len(made)] * made[right % len(made)])
    found = walked(*made[3:])
    assert [node.number for node in found.nodes] == list(range(len(found.nodes)))
    assert all(source < target for source, target, _ in found.edges)
    reached = {edge.target for edge in found.edges}
    assert all(node.kind == "output" or node.number in reached for node in found.nodes)
    sources = {edge.source for edge in found.edges}
    assert all(node.kind in LEAVES or node.number in sources for node in found.nodes)


@pytest.mark.parametrize(("long", "short"), [("SumBackward1", "Sum"), ("MyBackward", "My")])
def test_names(long: str, short: str) -> None:
    assert name_of(long) == short
