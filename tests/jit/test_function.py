"""The step as a function: what it writes into the tensors that come in, and when."""

from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.data.batch import Batch
from lampas.jit.compiled import CompiledStep
from lampas.jit.sources import Wanted
from lampas.run import Run

X = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(4, 3)
Y = X.sum(1, keepdim=True) + 1
BATCH = Batch(X, Y, None, 4)


class Hears(lampas.Callback):
    hears = frozenset({"step"})

    def __call__(self, event: lampas.Event) -> None: ...


def _model(**options: Any) -> lampas.Model:
    torch.manual_seed(0)
    model = lampas.Model(nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1)).double())
    model.compile(torch.optim.SGD(model.parameters(), 0.1, momentum=0.9), "mse", **options)
    model.train()
    return model


def _stepper(model: lampas.Model, *, waits: int = 0, gradients: bool = False) -> CompiledStep:
    """Graphs as they were traced, which are there after being asked for `waits` times."""
    asked: list[Wanted] = []

    def source(wanted: Wanted) -> Any:
        asked.append(wanted)
        return wanted.traced.graph if len(asked) > waits else None

    callbacks: list[Any] = [Hears()] if gradients else []
    return CompiledStep(Run(model, feed=[], epochs=1, callbacks=callbacks), source)  # type: ignore


def _all_of(model: lampas.Model) -> list[torch.Tensor]:
    states = [s["momentum_buffer"] for s in model.optimizer.state.values()]
    return [t.detach().clone() for t in [*model.parameters(), *states]]


def test_a_loss_that_is_infinite_writes_nothing() -> None:
    model = _model()
    step = _stepper(model)
    for _ in range(3):
        step.train_step(BATCH)
    assert step.taken == 2, "the first made the optimiser's state"
    before = _all_of(model)
    bad = Batch(torch.full_like(X, torch.inf), Y * torch.inf, None, 4)
    (graph,) = step._graphs.values()
    outputs = graph.call(*step._static, bad.x, bad.y)
    assert not outputs[0].isfinite()
    for old, new in zip(before, _all_of(model), strict=True):
        assert torch.equal(old, new)


def test_nor_into_the_gradients_of_a_group() -> None:
    model = _model(accumulate=2)
    step = _stepper(model, gradients=True)
    first, last = Batch(X, Y, None, 4, closes=False), Batch(X, Y, None, 4, opens=False)
    for batch in (first, last, first, last, first):
        step.train_step(batch)
    before = [p.grad.clone() for p in model.parameters()]
    graph = step._graphs[next(key for key in step._graphs if key[-1] == (False, True))]
    graph.call(*step._static, X * torch.inf, Y)
    for old, parameter in zip(before, model.parameters(), strict=True):
        assert torch.equal(old, parameter.grad)


@pytest.mark.parametrize(
    "options", [{"clip_norm": 0.01}, {"clip_value": 0.001}, {"clip_norm": 9e9}]
)
def test_clipped_as_by_hand(options: dict[str, float]) -> None:
    one, other = _model(**options), _model(**options)
    step = _stepper(one)
    for _ in range(4):
        step.train_step(BATCH)
        other.train_step(BATCH)
    assert step.taken == 3
    for found, expected in zip(_all_of(one), _all_of(other), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("waits", range(8))
@pytest.mark.parametrize("gradients", [False, True])
def test_groups_lose_no_gradient_wherever_graphs_take_over(waits: int, gradients: bool) -> None:
    one, other = _model(accumulate=3), _model(accumulate=3)
    step = _stepper(one, waits=waits, gradients=gradients)
    for number in range(12):
        place, shift = number % 3, 1 + number / 10
        batch = Batch(X * shift, Y, None, 4, opens=place == 0, closes=place == 2, shares=[1 / 3])
        step.train_step(batch)
        other.train_step(batch)
    assert step.taken
    for found, expected in zip(_all_of(one), _all_of(other), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


def test_a_gradient_of_another_layout_is_not_lost() -> None:
    model = _model(accumulate=2)
    model.train_step(Batch(X, Y, None, 4, closes=False))
    weight = next(model.parameters())
    assert weight.grad is not None
    weight.grad = weight.grad.T.contiguous().T
    step = _stepper(model)
    torch.testing.assert_close(step._sums[0], weight.grad)
