"""Small nets of many kinds, in float64, with data for them: what a compiled step is compared on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Kind:
    """A net to make, and its data: 22 rows, so that the last of batches of 5 is smaller."""

    net: Callable[[], nn.Module]
    x: Any
    y: Any
    loss: Any


def _draw(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def _ids(high: int, *shape: int) -> Tensor:
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(high))


class Cell(nn.Module):
    """A recurrence that is written out."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.LSTMCell(3, 4), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        state = None
        for step in x.unbind(1):
            state = self.cell(step, state)
        assert state is not None
        return self.head(state[0])


class Text(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 4)
        self.conv = nn.Conv1d(4, 5, 3)
        self.head = nn.Linear(5, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.conv(self.embed(tokens).transpose(1, 2)).relu().amax(2))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True, bias=False)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x).mean(1))


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(6, 4)
        self.head = nn.Linear(4, 6, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.embed(tokens).mean(1))


class Two(nn.Module):
    """Two inputs by name, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 4), nn.Linear(2, 4)
        self.mean, self.kind = nn.Linear(4, 1), nn.Linear(4, 3)

    def forward(self, a: Tensor, b: Tensor) -> dict[str, Tensor]:
        both = (self.left(a) + self.right(b)).tanh()
        return {"mean": self.mean(both), "kind": self.kind(both)}


class Frozen(nn.Module):
    """One layer is frozen, and one is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last, self.spare = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(2, 2)
        self.first.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x).tanh())


class Constant(nn.Module):
    """A tensor that is no buffer, and a residual around a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
        self.norm, self.mid, self.head = nn.LayerNorm(3), nn.Linear(3, 3), nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x + self.mid(self.norm(x * self.scale)).relu())


def _mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 1))


def _cnn(norm: Callable[[], nn.Module] = nn.Identity) -> nn.Module:
    # No bias: before a norm its gradient is all rounding, which Adam makes whole steps of.
    conv = nn.Conv2d(2, 4, 3, padding=1, bias=False)
    head = nn.Linear(36, 3)
    return nn.Sequential(conv, norm(), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), head)


def _depthwise() -> nn.Module:
    conv = nn.Conv1d(7, 14, 2, groups=7, padding_mode="reflect", padding=1)
    return nn.Sequential(conv, nn.ELU(), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(28, 1))


X, Y, CLASSES = _draw(22, 3), _draw(22, 1), _ids(3, 22)
IMAGES, SEQUENCES = _draw(22, 2, 6, 6), _draw(22, 7, 3)

ZOO: dict[str, Kind] = {
    "mlp": Kind(_mlp, X, Y, "mse"),
    "cnn": Kind(_cnn, IMAGES, CLASSES, "cross_entropy"),
    "batch_norm": Kind(lambda: _cnn(lambda: nn.BatchNorm2d(4)), IMAGES, CLASSES, "cross_entropy"),
    "group_norm": Kind(lambda: _cnn(lambda: nn.GroupNorm(2, 4)), IMAGES, CLASSES, "cross_entropy"),
    "text": Kind(Text, _ids(20, 22, 9), Y.sign().clamp(0), "bce_with_logits"),
    "cell": Kind(Cell, SEQUENCES, Y, "mse"),
    "depthwise": Kind(_depthwise, SEQUENCES, Y, "mse"),
    "transformer": Kind(Attention, _draw(22, 5, 4), CLASSES, "cross_entropy"),
    "tied": Kind(Tied, _ids(6, 22, 4), _ids(6, 22), "cross_entropy"),
    "two": Kind(Two, {"a": X, "b": _draw(22, 2)}, {"mean": Y, "kind": CLASSES},
                {"mean": "mse", "kind": "cross_entropy"}),
    "frozen": Kind(Frozen, X, Y, "mse"),
    "constant": Kind(Constant, X, Y, "huber"),
}  # fmt: skip
