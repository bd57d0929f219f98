"""What a graph would leave out."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from lampas.jit.baked import held, nothing_baked
from lampas.jit.reasons import NotCompilableError


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []
        self.last: torch.Tensor | None = None
        self.table = torch.zeros(2)
        self.calls = 0


def _count(net: Net) -> None:
    net.calls += 1


def _keep(net: Net) -> None:
    net.last = torch.ones(1)


def _write(net: Net) -> None:
    net.table.add_(1)


def _print(net: Net) -> None:
    print(net.calls)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_print, "a step prints"),
        (_count, "changes calls of Net"),
        (_keep, "changes last of Net"),
        (_write, "changes table of Net"),
        (lambda net: net.seen.append(1), "changes seen of Net"),
        (lambda net: random.random(), "random numbers of Python or NumPy"),
        (lambda net: np.random.rand(), "random numbers of Python or NumPy"),
    ],
)  # fmt: skip
def test_what_python_does_beside_the_tensors_is_found(
    change: Callable[[Net], object], said: str
) -> None:
    net = Net()
    with pytest.raises(NotCompilableError, match=said), nothing_baked([nn.Sequential(net)]):
        change(net)


def test_what_torch_draws_and_what_stays_is_no_matter() -> None:
    net = Net()
    with nothing_baked([net]):
        torch.rand(1)
        net.calls = 0


def test_what_is_held_is_told_by_value_or_by_who_it_is() -> None:
    net, other = Net(), nn.Linear(1, 1)
    assert held(net) == held(net)
    assert held(net) != held(other)
    assert held(nn.Linear(1, 1)) == held(other)
    for name, value in [("calls", 1), ("table", torch.zeros(2)), ("seen", list[int]())]:
        before = held(net)
        setattr(net, name, value)
        assert held(net) != before, name
    before = held(net)
    net.eval()
    assert held(net) != before
