"""Graphs of a step."""

import shutil
from typing import Any

import pytest
import torch
from torch import nn
from zoo import ZOO, X, Y

import lampas
from lampas.data.batch import Batch
from lampas.jit import artifacts
from lampas.jit.compiled import CompiledStep
from lampas.jit.sources import Wanted
from lampas.run import Run


class Kept:
    """A source that keeps what it was asked for."""

    def __init__(self) -> None:
        self.wanted: list[Wanted] = []

    def __call__(self, wanted: Wanted) -> Any:
        self.wanted.append(wanted)
        return wanted.traced.graph


def traced(net: nn.Module, x: Any = X, y: Any = Y, loss: str = "mse") -> Wanted:
    model = lampas.Model(net.double())
    model.compile(torch.optim.SGD(model.parameters(), 0.1), loss)
    kept = Kept()
    step = CompiledStep(Run(model, feed=[], epochs=1), kept)  # type: ignore
    step.train_step(Batch(x[:5], y[:5], None, 5))
    (wanted,) = kept.wanted
    return wanted


def test_a_tensor_outside_of_the_buffers_is_an_input() -> None:
    net = ZOO["constant"].net()
    wanted = traced(net)
    assert any(one is net.scale for one in wanted.traced.constants)
    assert not [node for node in wanted.traced.graph.graph.nodes if node.op == "get_attr"]


@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++"))), reason="needs a C++ compiler")
def test_a_graph_with_such_an_input_compiles() -> None:
    wanted = traced(ZOO["constant"].net())
    given = [tensor.clone() for tensor in wanted.tensors]
    found = artifacts.make(wanted.traced.graph, wanted.tensors)(*wanted.tensors)
    expected = wanted.traced.graph(*given)
    assert len(found) == len(expected)
    for one, other in zip((*found, *wanted.tensors), (*expected, *given), strict=True):
        torch.testing.assert_close(one, other)


def test_random_states_and_weights_stay_while_tracing() -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Linear(4, 1)).double()
    torch.set_rng_state(state)
    model = lampas.Model(net)
    model.compile(torch.optim.SGD(model.parameters(), 0.1), "mse")
    before = {name: value.clone() for name, value in model.state_dict().items()}

    def refuse(wanted: Wanted) -> None:
        assert torch.equal(torch.get_rng_state(), state)
        for name, value in model.state_dict().items():
            assert torch.equal(value, before[name])

    step = CompiledStep(Run(model, feed=[], epochs=1), refuse)  # type: ignore
    step.train_step(Batch(X[:5], Y[:5], None, 5))
    assert not torch.equal(next(model.parameters()), before["net.0.weight"]), "made by hand"


def test_what_the_net_raises_is_raised_by_hand() -> None:
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        traced(nn.Linear(4, 1))
