import pytest
import torch
from torch import nn


class Own(nn.Module):
    """A layer, and what a test wants of it."""

    def __init__(self, function):
        super().__init__()
        self.layer = nn.Linear(4, 2)
        self.function = function

    def forward(self, x: torch.Tensor):
        return self.function(self.layer, x)


@pytest.fixture
def own() -> type[Own]:
    """A net around a function (layer, x)."""
    return Own
