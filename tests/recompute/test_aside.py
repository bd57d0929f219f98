"""What a second pass must not change: buffers and random states, found out in a first pass."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from lampas.recompute.aside import Aside

X = torch.linspace(-1, 1, 24).reshape(6, 4)


class Noisy(nn.Module):
    """Draws from a source of random numbers."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.own = np.random.default_rng(0)
        self.torchs = torch.Generator().manual_seed(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        drawn = {
            "python": random.random,
            "numpy": np.random.rand,
            "own": self.own.random,
            "generator": lambda: torch.rand((), generator=self.torchs).item(),
        }[self.kind]
        return x * float(drawn())


class Replacing(nn.Module):
    """Puts another tensor in the place of a buffer each time, and goes by its value."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen = self.seen + 1
        return x * self.seen


def _state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: one.clone() for name, one in module.state_dict().items()}


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.BatchNorm1d(4),
        lambda: nn.BatchNorm1d(4, momentum=None),
        lambda: spectral_norm(nn.Linear(4, 4)),
        lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)),
        Replacing,
        *(lambda kind=kind: Noisy(kind) for kind in ("python", "numpy", "own", "generator")),
    ],
)
def test_a_second_pass_is_as_the_first_and_leaves_no_trace(make: Any) -> None:
    torch.manual_seed(0)
    module = make()
    aside = Aside([module])
    for _ in range(3):  # what moves is found out in the first
        kept = aside.before()
        first = module(X)
        aside.after(kept)
        held, numbers = _state(module), random.getstate()
        for _ in range(2):
            with kept.back():
                again = module(X)
            assert torch.equal(first, again)
            assert all(torch.equal(one, held[name]) for name, one in _state(module).items())
            assert random.getstate() == numbers
        module(X)  # and a pass that nobody keeps: what comes next begins elsewhere


def test_only_what_moves_is_kept() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    net.register_buffer("table", torch.ones(1000))
    aside = Aside([net])
    kept = aside.before()
    assert len(kept.buffers) == 4
    net(X)
    aside.after(kept)
    assert [one.name for one in kept.buffers] == [
        "running_mean", "running_var", "num_batches_tracked",
    ]  # fmt: skip
    assert kept.drawn == []
    assert len(aside.before().buffers) == 3


def test_another_mode_is_looked_at_anew() -> None:
    norm = nn.BatchNorm1d(4).eval()
    aside = Aside([norm])
    kept = aside.before()
    norm(X)
    aside.after(kept)
    assert kept.buffers == [] == aside.before().buffers
    norm.train()
    assert len(aside.before().buffers) == 3


def test_after_an_error_all_is_as_it_was_found() -> None:
    norm = nn.BatchNorm1d(4)
    aside = Aside([norm])
    kept = aside.before()
    norm(X)
    aside.after(kept)
    mean = norm.running_mean
    with pytest.raises(ValueError, match="expected 2D"), kept.back():
        norm(X[0])
    assert norm.running_mean is mean
    assert norm.num_batches_tracked == 1
