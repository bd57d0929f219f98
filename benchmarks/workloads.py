"""The workloads of `loop.py` and `peers.py`: the same data, net, loss and optimiser for everyone.

The first three are those of `loop.py`. Nets have no dropout, so that nobody's depends on how
random numbers are drawn. Needs torch alone.
"""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

TITANIC = Path(__file__).parents[1] / "src" / "lampas" / "data_files" / "titanic"


@dataclass(frozen=True)
class Workload:
    """A net to make afresh, its data, and what training it means."""

    name: str
    make_net: Callable[[], nn.Module]
    x: Tensor
    y: Tensor
    x_val: Tensor
    y_val: Tensor
    loss: nn.Module
    batch_size: int
    epochs: int
    lr: float
    accuracy: Callable[[Tensor, Tensor], Tensor]

    def net(self) -> nn.Module:
        """The net with the same initial weights each time."""
        torch.manual_seed(7)
        return self.make_net()


def binary_accuracy(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return ((y_pred > 0) == (y_true > 0.5)).float().mean()


def class_accuracy(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return (y_pred.argmax(1) == y_true).float().mean()


def _rings(rows: int) -> tuple[Tensor, Tensor]:
    inner = rows // 2
    radius = torch.cat([5 + torch.randn(inner), 8 + torch.randn(rows - inner)])
    angle = 2 * math.pi * torch.rand(rows)
    x = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=1)
    y = torch.cat([torch.zeros(inner), torch.ones(rows - inner)])[:, None]
    order = torch.randperm(rows)
    return x[order], y[order]


def rings() -> Workload:
    """Two noisy rings; an MLP of 2-4-8-1 with 61 weights: the step is all overhead."""
    torch.manual_seed(1)
    x, y = _rings(4000)
    x_val, y_val = _rings(1000)

    def net() -> nn.Module:
        return nn.Sequential(
            nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)
        )

    return Workload("rings MLP", net, x, y, x_val, y_val, nn.BCEWithLogitsLoss(), 100, 20, 0.01,
                    binary_accuracy)  # fmt: skip


def _images(rows: int) -> tuple[Tensor, Tensor]:
    y = torch.randint(0, 4, (rows,))
    x = torch.randn(rows, 3, 32, 32)
    for row in range(rows):
        top, left = 16 * (y[row] // 2), 16 * (y[row] % 2)
        x[row, :, top : top + 16, left : left + 16] += 0.3
    return x, y


def cnn() -> Workload:
    """3x32x32 images with a bright quadrant to find; two convolutions with pooling."""
    torch.manual_seed(2)

    def net() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 64, 64), nn.ReLU(), nn.Linear(64, 4),
        )  # fmt: skip

    return Workload("CNN 3x32x32", net, *_images(2000), *_images(500), nn.CrossEntropyLoss(), 64, 2,
                    0.001, class_accuracy)  # fmt: skip


class TextNet(nn.Module):
    """Embedding, a convolution over time, the maximum, a decision."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10_000, 16)
        self.conv = nn.Conv1d(16, 32, 5)
        self.head = nn.Linear(32, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        features = self.conv(self.embed(tokens).transpose(1, 2)).relu()
        return self.head(features.amax(dim=2))


def text() -> Workload:
    """Sentences of 200 token ids; the label is whether a word of a certain kind occurs."""
    torch.manual_seed(3)

    def sentences(rows: int) -> tuple[Tensor, Tensor]:
        x = torch.randint(200, 10_000, (rows, 200))
        y = torch.randint(0, 2, (rows,))
        places = torch.randint(0, 200, (rows, 4))
        marks = torch.randint(0, 100, (rows, 4)) + 100 * y[:, None]
        return x.scatter(1, places, marks), y[:, None].float()

    return Workload("Conv1d text", TextNet, *sentences(4000), *sentences(1000),
                    nn.BCEWithLogitsLoss(), 64, 3, 0.002, binary_accuracy)  # fmt: skip


def cnn_norm() -> Workload:
    """The same images, with batch norm after each convolution."""
    torch.manual_seed(2)

    def net() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 64, 64), nn.ReLU(), nn.Linear(64, 4),
        )  # fmt: skip

    return Workload("CNN with BatchNorm", net, *_images(2000), *_images(500),
                    nn.CrossEntropyLoss(), 64, 2, 0.001, class_accuracy)  # fmt: skip


def _passenger(row: dict[str, str]) -> list[float]:
    """Twelve numbers of one row; an age that is not known is 30, and said to be so."""
    classes = [float(row["Pclass"] == one) for one in "123"]
    ports = [float(row["Embarked"] == one) for one in "SCQ"]
    age = (float(row["Age"] or 30) - 30) / 15
    known, woman = float(bool(row["Age"])), float(row["Sex"] == "female")
    family = [float(row["SibSp"]), float(row["Parch"])]
    return [*classes, *ports, age, known, woman, *family, math.log1p(float(row["Fare"] or 0)) - 3]


def _passengers(name: str) -> tuple[Tensor, Tensor]:
    with (TITANIC / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    y = torch.tensor([[float(row["Survived"])] for row in rows])
    return torch.tensor([_passenger(row) for row in rows]), y


def titanic() -> Workload:
    """The passengers that ship with Lampas, as twelve numbers each; an MLP of 12-32-16-1."""

    def net() -> nn.Module:
        return nn.Sequential(
            nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1)
        )

    return Workload("Titanic table", net, *_passengers("train.csv"), *_passengers("test.csv"),
                    nn.BCEWithLogitsLoss(), 32, 20, 0.003, binary_accuracy)  # fmt: skip


class SeriesNet(nn.Module):
    """An LSTM over time, and a decision at its last step."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 32, batch_first=True)
        self.head = nn.Linear(32, 1)

    def forward(self, series: Tensor) -> Tensor:
        return self.head(self.lstm(series)[0][:, -1])


def lstm() -> Workload:
    """Series of 32 steps of 8 numbers; the label is whether two of them moved together."""
    torch.manual_seed(4)

    def series(rows: int) -> tuple[Tensor, Tensor]:
        x = torch.randn(rows, 32, 8)
        y = torch.randint(0, 2, (rows, 1)).float()
        x[:, :, 1] += (2 * y - 1) * x[:, :, 0].abs() * 0.3
        return x, y

    return Workload("LSTM", SeriesNet, *series(4000), *series(1000), nn.BCEWithLogitsLoss(), 64, 3,
                    0.003, binary_accuracy)  # fmt: skip


class WordsNet(nn.Module):
    """Embedding with places, two layers of a Transformer encoder, the mean, a decision."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(1000, 32)
        self.places = nn.Parameter(0.02 * torch.randn(32, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(32, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.encoder(self.embed(tokens) + self.places).mean(1))


def transformer() -> Workload:
    """Sentences of 32 token ids with three words of one of four kinds to find."""
    torch.manual_seed(5)

    def sentences(rows: int) -> tuple[Tensor, Tensor]:
        x = torch.randint(200, 1000, (rows, 32))
        y = torch.randint(0, 4, (rows,))
        marks = torch.randint(0, 50, (rows, 3)) + 50 * y[:, None]
        return x.scatter(1, torch.randint(0, 32, (rows, 3)), marks), y

    return Workload("Transformer", WordsNet, *sentences(4000), *sentences(1000),
                    nn.CrossEntropyLoss(), 64, 3, 0.002, class_accuracy)  # fmt: skip


WORKLOADS = {"rings": rings, "cnn": cnn, "text": text}
EVERYTHING = {
    "rings": rings, "titanic": titanic, "cnn": cnn, "cnn_norm": cnn_norm, "text": text,
    "lstm": lstm, "transformer": transformer,
}  # fmt: skip
