"""A small training with checkpoints, for all tests of the state."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

import lampas

X = torch.linspace(0, 1, 60).reshape(20, 3)
Y = X.sum(1, keepdim=True)


class KillError(Exception):
    """What ends a training here in the place of a power cut."""


class Dies(lampas.Callback):
    """Ends the run with an error after so many steps of it."""

    hears = frozenset({"step"})

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self, event: lampas.Event) -> None:
        self.left -= 1
        if self.left == 0:
            raise KillError


def small(**options: Any) -> lampas.Model:
    """A net with dropout and batch norm, the same each time, compiled."""
    lampas.seed(0)
    net = nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 1)
    )
    model = lampas.Model(net)
    model.compile(torch.optim.Adam(model.parameters(), lr=0.01), "mse", ["mae"], **options)
    return model


Fit = Callable[..., lampas.History]


def fit(model: lampas.Model, folder: Path | lampas.Checkpoints | None, **options: Any) -> Any:
    """Five epochs of four batches."""
    given: dict[str, Any] = {"batch_size": 5, "epochs": 5, "verbose": 0, "validation_data": (X, Y)}
    if isinstance(folder, Path):
        given["every"] = "3 steps"
    return model.fit(X, Y, checkpoint=folder, **(given | options))


def same(first: lampas.Model, second: lampas.Model) -> bool:
    """Whether two models have the same bits."""
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
