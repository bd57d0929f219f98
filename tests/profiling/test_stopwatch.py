"""Every moment of a step belongs to one part."""

import time

import torch
from torch import nn

from lampas.profiling.stopwatch import PARTS, Stopwatch


class Slow(nn.Module):
    """Waits in its forward and in its backward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(0.02)
        y = self.line(x)
        y.register_hook(lambda gradient: time.sleep(0.03))
        return y


def one_step(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    time.sleep(0.01)
    y = net(torch.randn(4, 2))
    time.sleep(0.04)
    y.sum().backward()
    time.sleep(0.01)
    optimizer.step()
    time.sleep(0.015)


def test_the_time_of_a_step_is_divided() -> None:
    net = Slow()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    watch = Stopwatch(net, (optimizer,))
    for _ in range(3):
        one_step(net, optimizer)
        watch.end_step()
    watch.remove()
    assert len(watch.steps) == 3
    slept = {"data": 0.01, "forward": 0.02, "loss": 0.04, "backward": 0.04, "optimiser": 0.0,
             "metrics": 0.015}  # fmt: skip
    assert tuple(slept) == PARTS
    for part, time_ in slept.items():
        best = min(step[part] for step in watch.steps)
        # The hook that sleeps runs before the watch's own: it may count to either side of it.
        if part not in ("loss", "backward"):
            assert time_ <= best < time_ + 0.05, part  # a busy machine wakes late
    both = min(step["loss"] + step["backward"] for step in watch.steps)
    assert 0.08 <= both < 0.2


def test_no_hook_is_left_and_a_gap_may_be_forgotten() -> None:
    net = Slow()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    watch = Stopwatch(net, (optimizer,))
    time.sleep(0.5)
    watch.restart()
    watch.end_step()
    watch.remove()
    assert sum(watch.steps[0].values()) < 0.4
    assert not net._forward_hooks
    assert not net._forward_pre_hooks
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks


def test_a_forward_pass_within_the_optimiser_s_step() -> None:
    net = Slow()
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=2)
    watch = Stopwatch(net, (optimizer,))

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = net(torch.ones(4, 2)).square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    watch.end_step()
    watch.remove()
    assert watch.steps[0]["forward"] >= 0.02
