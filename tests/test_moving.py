"""Buffers that a failed step changed are put back."""

import pytest
import torch
from torch import nn

from lampas.data.batch import Batch
from lampas.moving import Moving, MovingBuffers, MovingInputs, MovingRandom


class Table(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.arange(1000.0))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.counts = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.counts:
            self.calls += 1
        return x


def _net() -> nn.Sequential:
    return nn.Sequential(Table(), nn.BatchNorm1d(3), nn.Linear(3, 1))


def _buffers(net: nn.Module) -> list[torch.Tensor]:
    return [b.clone() for b in net.buffers()]


@pytest.mark.parametrize("good", [0, 1, 2, 5])
def test_a_step_that_fails_is_taken_back_alone(good: int) -> None:
    torch.manual_seed(0)
    net = _net()
    moving = MovingBuffers(net)
    for _ in range(good):
        moving.keep()
        net(torch.randn(4, 3))
    before = _buffers(net)
    moving.keep()
    net(torch.full((4, 3), float("nan")))
    assert not all(bool(b.isfinite().all()) for b in net.buffers())
    moving.put_back()
    for now, then in zip(net.buffers(), before, strict=True):
        assert torch.equal(now, then)


def test_what_never_moves_is_copied_once() -> None:
    net = _net()
    moving = MovingBuffers(net)
    assert moving.is_busy
    moving.keep()
    net(torch.randn(4, 3))
    moving.keep()
    kept = {id(live) for group, _ in moving._groups for live in group}
    assert kept == {id(b) for b in net[1].buffers()}


def test_a_net_that_moves_nothing_costs_nothing_more() -> None:
    net = nn.Sequential(Table(), nn.Linear(3, 1))
    moving = MovingBuffers(net)
    for _ in range(2):
        moving.keep()
        net(torch.randn(4, 3))
    assert not moving.is_busy
    assert not MovingBuffers(nn.Linear(3, 1)).is_busy


def test_a_constant_column_is_watched_with_the_rest_of_its_layer() -> None:
    norm = nn.BatchNorm1d(2)
    moving = MovingBuffers(norm)
    moving.keep()
    norm(torch.zeros(4, 2))  # the mean stays 0
    moving.keep()
    norm(torch.full((4, 2), float("nan")))
    moving.put_back()
    assert norm.running_mean is not None
    assert norm.running_mean.tolist() == [0.0, 0.0]


def test_random_states_are_kept_where_steps_draw_from_them() -> None:
    draws, draws_not = MovingRandom(nn.Dropout()), MovingRandom(nn.Linear(1, 1))
    for random in (draws, draws_not):
        random.keep()
        if random is draws:
            torch.rand(1)
        random.keep()
    assert draws.is_busy
    assert not draws_not.is_busy
    first = torch.rand(3)
    draws.put_back()
    assert torch.equal(torch.rand(3), first)


@pytest.mark.parametrize("y", [torch.ones(4, 3), None])
def test_a_net_that_writes_into_its_inputs_is_found_out(y: torch.Tensor | None) -> None:
    inputs = MovingInputs()
    inputs.keep(Batch({"a": torch.ones(4, 3), "b": (x := torch.ones(4, 3))}, y, None, 4))
    assert not inputs.look()
    x.mul_(2)
    assert inputs.look()
    with torch.inference_mode():
        MovingInputs().keep(Batch(torch.ones(4, 3), y, None, 4))  # these count no changes


def test_all_of_a_step_is_taken_back_and_nothing_kept_for_a_plain_net() -> None:
    net = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(), nn.ReLU(inplace=True))
    batch = Batch(torch.randn(4, 3), None, None, 4)
    moving = Moving(net)
    for _ in range(3):
        assert moving.is_busy
        moving.keep(batch)
        before = _buffers(net)
        output = net(batch.x)
    moving.put_back()
    assert all(torch.equal(a, b) for a, b in zip(net.buffers(), before, strict=True))
    assert torch.equal(net(batch.x), output)
    assert not moving.has_written_inputs
    plain = Moving(nn.Linear(3, 1))
    for _ in range(2):
        plain.keep(batch)
    assert not plain.is_busy
