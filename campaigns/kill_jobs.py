"""The trainings that `kills.py` interrupts: each is a function of a folder for its checkpoints.

What they draw is seeded, so that each has one right outcome; between them they have the nets,
optimisers, data and options that a resumed run must not lose anything of.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    WeightedRandomSampler,
)

import lampas
from lampas import callbacks, optim

Asked = Path | Callable[..., lampas.History] | None
"""Where checkpoints go; None for none; or who calls `fit`, with the model and what it takes."""
Job = Callable[[Asked], "Outcome"]
Outcome = tuple[lampas.Model, lampas.History, Any]
"""The trained model, its history, and inputs to predict."""

EVERY = "3 steps"


def _table(rows: int = 600, columns: int = 12) -> tuple[Tensor, Tensor]:
    x = torch.rand(rows, columns)
    return x, (x.sum(1, keepdim=True) > columns / 2).float()


def _fit(model: lampas.Model, folder: Asked, *data: Any, **options: Any) -> lampas.History:
    if callable(folder):
        return folder(model, *data, verbose=0, **options)
    kept = {} if folder is None else {"checkpoint": folder, "every": EVERY}
    return model.fit(*data, verbose=0, **options, **kept)


def mlp(folder: Asked) -> Outcome:
    """In memory; batch norm, dropout, Adam, early stopping that gives the best weights back."""
    x, y = _table()
    net = nn.Sequential(
        nn.Linear(12, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 1)
    )
    model = lampas.Model(net)
    loss = nn.BCEWithLogitsLoss()
    model.compile(torch.optim.Adam(net.parameters(), lr=0.02), loss, ["accuracy", "roc_auc"])
    early = callbacks.EarlyStopping(patience=2)
    return model, _fit(
        model, folder, x, y, batch_size=16, epochs=12, validation_split=0.25, callbacks=early
    ), x  # fmt: skip


def cnn(folder: Asked) -> Outcome:
    """Images channels last; SGD with momentum, one cycle, clipping, EMA."""
    x, y = torch.rand(160, 3, 12, 12), torch.randint(0, 4, (160,))
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout2d(0.2), nn.Conv2d(16, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(),
        nn.Linear(256, 4),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    model = lampas.Model(net)
    sgd = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    model.compile(sgd, nn.CrossEntropyLoss(), ["accuracy"], scheduler="one_cycle", clip_norm=1.0,
                  averaging=optim.EMA(0.9))  # fmt: skip
    return model, _fit(model, folder, x, y, batch_size=10, epochs=5, validation_data=(x, y)), x


class _Last(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 24, num_layers=2, dropout=0.2, batch_first=True)
        self.head = nn.Linear(24, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def lstm(folder: Asked) -> Outcome:
    """A DataLoader over tensors with a generator of its own; Adagrad, a torch scheduler."""
    x = torch.rand(240, 9, 3)
    model = lampas.Model(_Last())
    adagrad = torch.optim.Adagrad(model.parameters(), lr=0.05)
    model.compile(adagrad, nn.MSELoss(), ["mae"],
                  scheduler=torch.optim.lr_scheduler.MultiStepLR(adagrad, [1, 3]))  # fmt: skip
    loader = DataLoader(TensorDataset(x, x.sum((1, 2), keepdim=True)[:, 0]), 16, shuffle=True,
                        generator=torch.Generator().manual_seed(5))  # fmt: skip
    return model, _fit(model, folder, loader, epochs=4), x


class _Noisy(Dataset[Any]):
    """Augments with every generator there is: the global ones, and one of its own."""

    def __init__(self, rows: int, width: int) -> None:
        self.x = torch.rand(rows, width)
        self.own = np.random.default_rng(3)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        noise = torch.rand(()) + np.random.rand() + float(self.own.random())
        return self.x[index] + 0.1 * noise.float(), self.x[index].sum(0, keepdim=True)


class _Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x.reshape(len(x), -1, 16)).mean(1))


def transformer(folder: Asked) -> Outcome:
    """Two workers that augment; AdamW, bfloat16, accumulation, a cosine."""
    data = _Noisy(200, 64)
    model = lampas.Model(_Encoder())
    model.compile(torch.optim.AdamW(model.parameters(), lr=1e-3), nn.MSELoss(), ["mae"],
                  precision="bf16", accumulate=3, scheduler="cosine")  # fmt: skip
    loader = DataLoader(data, 8, shuffle=True, num_workers=2)
    return model, _fit(model, folder, loader, epochs=3), data.x


def lbfgs(folder: Asked) -> Outcome:
    """L-BFGS, whose state is lists of vectors."""
    x, y = _table(300)
    model = lampas.Model(nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 1)))
    model.compile(torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=4), nn.BCEWithLogitsLoss())
    return model, _fit(model, folder, x, y, batch_size=30, epochs=6), x


def noisy(folder: Asked) -> Outcome:
    """Augmentation in this process; RMSprop, a scheduler that moves each step, SWA."""
    data = _Noisy(240, 12)
    model = lampas.Model(nn.Sequential(nn.Linear(12, 32), nn.GELU(), nn.Linear(32, 1)))
    rmsprop = torch.optim.RMSprop(model.parameters(), lr=1e-3, momentum=0.5)
    cycle = torch.optim.lr_scheduler.OneCycleLR(rmsprop, 0.01, total_steps=4 * 24)
    model.compile(
        rmsprop, "huber", ["r2"], scheduler=cycle, averaging=optim.SWA(start=0.5, every=2)
    )
    return model, _fit(model, folder, DataLoader(data, 10, shuffle=True), epochs=4), data.x


class _Counting(IterableDataset[Any]):
    """Knows its place: torch's own protocol for iterable data."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.done = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        while self.done < self.rows:
            self.done += 1
            x = torch.sin(torch.arange(12.0) * self.done)
            yield x, x[:1] * x[1:2]
        self.done = 0

    def state_dict(self) -> dict[str, int]:
        return {"done": self.done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.done = state["done"]


def _iterable(folder: Asked, workers: int) -> Outcome:
    model = lampas.Model(
        nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
    )
    model.compile(torch.optim.NAdam(model.parameters(), lr=0.01), "mse", ["mae"])
    loader = DataLoader(_Counting(200), 8, num_workers=workers)
    return model, _fit(model, folder, loader, epochs=4), torch.rand(50, 12)


def iterable(folder: Asked) -> Outcome:
    """An iterable dataset with a state, in this process; NAdam."""
    return _iterable(folder, 0)


def iterable_workers(folder: Asked) -> Outcome:
    """The same in two workers, through torchdata's StatefulDataLoader."""
    return _iterable(folder, 2)


def stepped(folder: Asked) -> Outcome:
    """Epochs of a number of steps that read on; class weights, fp16 with its scaler, plateaus."""
    x, y = _table(500)
    model = lampas.Model(
        nn.Sequential(nn.Linear(12, 48), nn.LayerNorm(48), nn.SiLU(), nn.Linear(48, 1))
    )
    model.compile(torch.optim.Adam(model.parameters(), lr=0.05), nn.BCEWithLogitsLoss(),
                  ["accuracy"], precision="fp16")  # fmt: skip
    plateau = callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5)
    return model, _fit(model, folder, x, y, batch_size=16, steps_per_epoch=21, epochs=5,
                       class_weight={0: 1.0, 1: 2.0}, callbacks=plateau), x  # fmt: skip


class _Adversaries(lampas.Model):
    """A step of its own, two optimisers, gradients that outlive the step."""

    def __init__(self) -> None:
        super().__init__()
        self.maker = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 12))
        self.judge = nn.Sequential(nn.Linear(12, 24), nn.LeakyReLU(0.2), nn.Linear(24, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.judge(x)

    def train_step(self, batch: lampas.Batch) -> dict[str, Tensor]:
        real: Any = batch.x
        made = self.maker(torch.randn(len(real), 4))
        wrong, right = torch.zeros(len(real), 1), torch.ones(len(real), 1)
        judging = nn.functional.binary_cross_entropy_with_logits
        d_loss = judging(self.judge(real), right) + judging(self.judge(made.detach()), wrong)
        d_loss.backward()
        self.optimizer["judge"].step()
        self.optimizer["judge"].zero_grad()
        g_loss = judging(self.judge(made), right)
        g_loss.backward()
        self.optimizer["maker"].step()
        self.optimizer["maker"].zero_grad()
        return {"d_loss": d_loss, "g_loss": g_loss}


def adversaries(folder: Asked) -> Outcome:
    """A GAN: two optimisers, a train_step of its own."""
    x, _ = _table(300)
    model = _Adversaries()
    judge = torch.optim.Adam(model.judge.parameters(), lr=2e-3)
    model.compile({"judge": judge, "maker": torch.optim.SGD(model.maker.parameters(), lr=1e-2)})
    return model, _fit(model, folder, x, batch_size=12, epochs=4), x


def _endless() -> Iterator[tuple[Tensor, Tensor]]:
    number = 0
    while True:
        number += 1
        x = torch.cos(torch.arange(160.0).reshape(16, 10) * number)
        yield x, x.sum(1, keepdim=True)


def stream(folder: Asked) -> Outcome:
    """A generator that is read on and on, and can only be read again."""
    model = lampas.Model(nn.Sequential(nn.Linear(10, 20), nn.Dropout(0.1), nn.Linear(20, 1)))
    model.compile(torch.optim.Adamax(model.parameters(), lr=0.01), "mse")
    return model, _fit(model, folder, _endless(), steps_per_epoch=25, epochs=4), torch.rand(20, 10)


class _Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(50, 16)
        self.mix = nn.GRU(16, 16, batch_first=True)
        self.out = nn.Linear(16, 50, bias=False)
        self.out.weight = self.words.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.out(self.mix(self.words(ids))[0][:, -1])


def tied(folder: Asked) -> Outcome:
    """Tied weights, weighted sampling with replacement, a metric over all rows."""
    ids = torch.randint(0, 50, (300, 8))
    model = lampas.Model(_Tied())
    model.compile(torch.optim.RAdam(model.parameters(), lr=0.01), nn.CrossEntropyLoss(),
                  ["accuracy"], scheduler="linear", scheduler_every="epoch")  # fmt: skip
    drawn = WeightedRandomSampler(torch.rand(300).tolist(), 250)
    loader = DataLoader(TensorDataset(ids, ids[:, 0]), 10, sampler=drawn)
    return model, _fit(model, folder, loader, epochs=4, validation_data=(ids, ids[:, 0])), ids


JOBS: dict[str, Job] = {
    job.__name__: job
    for job in (mlp, cnn, lstm, transformer, lbfgs, noisy, iterable, iterable_workers, stepped,
                adversaries, stream, tied)
}  # fmt: skip
