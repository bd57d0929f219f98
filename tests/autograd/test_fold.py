"""Functions folded into layers."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import lampas


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)


def test_repeated_layers_are_one_box_each() -> None:
    net = encoder()
    whole = lampas.graph(net(torch.ones(2, 3, 8)).sum(), net)
    found = whole.to_depth(2)
    layers = [node for node in found.nodes if node.kind == "layer"]
    assert [node.name for node in layers] == [
        f"layers.{n} (TransformerEncoderLayer)" for n in (2, 1, 0)
    ]
    assert found.saved_bytes == whole.saved_bytes
    assert sum(node.functions for node in found.nodes) == sum(
        node.functions for node in whole.nodes
    )
    assert all(node.kind != "parameter" for node in found.nodes)
    assert layers[0].note.endswith("Functions, 12 parameters")


def test_the_whole_model_at_depth_0() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    found = lampas.graph(net(torch.ones(1, 2)).sum(), net, depth=0)
    assert [node.name for node in found.nodes] == ["loss", "Sum", "Sequential"]
    assert "to the leaves of 1 layer;" in str(found)


def test_activations_between_layers_stay() -> None:
    net = nn.Sequential(nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Linear(3, 1))
    found = lampas.graph(net(torch.ones(1, 2)).sum(), net, depth=1)
    names = [node.name for node in found.nodes]
    assert names == ["loss", "Sum", "2 (Linear)", "Relu", "0 (Linear)"]


def test_tied_weights_stand_outside_of_who_shares_them() -> None:
    table, head = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
    head.weight = table.weight
    net = nn.Sequential(table, nn.Linear(3, 3), head)
    found = lampas.graph(net(torch.tensor([1, 2])).sum(), net, depth=1)
    kinds = {node.name: node.kind for node in found.nodes}
    assert kinds["0.weight"] == "parameter"
    assert kinds["1 (Linear)"] == "layer"


def test_parameters_of_the_model_itself_are_not_folded() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(2))
            self.layer = nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(x) * self.scale

    net = Own()
    found = lampas.graph(net(torch.ones(1, 2)).sum(), net, depth=1)
    assert [node.name for node in found.nodes] == ["loss", "Sum", "Mul", "scale", "layer (Linear)"]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 3))
def test_no_cycle_and_nothing_lost(calls: list[int], depth: int) -> None:
    net = nn.Sequential(*(nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(4)))
    x = before = torch.ones(1, 2)
    for call in calls:
        x, before = net[call](x) + before, x
    whole = lampas.graph(x.sum(), net)
    found = whole.to_depth(depth)
    assert all(source < target for source, target, _ in found.edges)
    assert [node.number for node in found.nodes] == list(range(len(found.nodes)))
    assert found.saved_bytes == whole.saved_bytes
    assert sum(n.functions for n in found.nodes) == sum(n.functions for n in whole.nodes)
