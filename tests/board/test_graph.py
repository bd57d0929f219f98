from typing import Any

import pytest
import torch
from torch import nn

from lampas.board.graph import traced
from lampas.errors import InputError


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, a: Any, scale: Any) -> Any:
        return self.linear(a) * scale


class Noisy(nn.Sequential):
    def forward(self, x: Any) -> Any:
        return super().forward(x) + torch.rand(1)


class Branches(nn.Module):
    def forward(self, x: Any) -> Any:
        raise RuntimeError("\n  not with this\nshape")


def _names(graph: Any) -> str:
    return " ".join(node.name for node in graph[0].node)


def test_layers_are_named() -> None:
    graph = traced(nn.Sequential(nn.Linear(2, 1), nn.ReLU()), (torch.zeros(2, 2),), {})
    assert "Linear[0]" in _names(graph)


def test_arguments_by_name() -> None:
    inputs = {"scale": torch.ones(1)}
    assert "Linear[linear]" in _names(traced(Named(), (torch.zeros(2, 2),), inputs))


def test_nothing_is_left_in_the_model(capsys: Any) -> None:
    net = Noisy(nn.BatchNorm1d(2), nn.Dropout(), nn.Linear(2, 1))
    net[0].eval()
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    before = torch.get_rng_state()
    inputs = torch.ones(4, 2)
    traced(net, (inputs,), {})
    assert torch.equal(torch.get_rng_state(), before)
    assert [module.training for module in net.modules()] == modes
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, state[name])
    assert all(parameter.grad is None for parameter in net.parameters())
    assert capsys.readouterr() == ("", "")


def test_why_not_is_one_line(capsys: Any) -> None:
    with pytest.raises(InputError) as caught:
        traced(Branches(), (torch.zeros(1),), {})
    assert str(caught.value) == "Branches cannot be traced: not with this"
    assert capsys.readouterr().out == ""
