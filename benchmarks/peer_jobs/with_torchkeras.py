"""torchkeras 4: `KerasModel.fit` without plot, its bar switched off by tqdm's own `TQDM_DISABLE`.

Two things cannot be switched off: it clips gradients to norm 1, and it saves the net whenever the
validation is at its best, here into memory where the system has a folder for that.
"""

import os

os.environ["TQDM_DISABLE"] = "1"

import tempfile
from pathlib import Path
from typing import Any

import torch
from by_hand import Scores
from torch import Tensor, nn
from torchkeras import KerasModel
from trial import Trial

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


class Accuracy(nn.Module):
    """A metric as its documentation has them: `forward`, `compute` and `reset`."""

    def __init__(self, trial: Trial):
        super().__init__()
        self.measure, self.right, self.rows = trial.work.accuracy, torch.zeros(()), 0

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        found = self.measure(y_pred, y_true)
        self.right, self.rows = self.right + found * len(y_true), self.rows + len(y_true)
        return found

    def compute(self) -> Tensor:
        return self.right / self.rows

    def reset(self) -> None:
        self.right, self.rows = torch.zeros(()), 0


class Torchkeras(Trial):
    distribution = "torchkeras"

    def model(self) -> Any:
        net = self.work.net()
        return KerasModel(
            net, loss_fn=self.work.loss, metrics_dict={"accuracy": Accuracy(self)},
            optimizer=self.adam(net),
        )  # fmt: skip

    def fit(self) -> Scores:
        epochs = self.work.epochs
        with tempfile.NamedTemporaryFile(dir=MEMORY) as file:
            history = self.model().fit(
                self.train_loader(), self.valid_loader(), epochs=epochs, ckpt_path=file.name,
                patience=epochs + 1, plot=False, cpu=True,
            )  # fmt: skip
        return history["val_loss"].iloc[-1], history["val_accuracy"].iloc[-1]

    def ready(self) -> None:
        self.used = self.model()

    def evaluate(self) -> Scores:
        found = self.used.evaluate(self.score_loader(), quiet=True)
        return found["val_loss"], found["val_accuracy"]

    def predict(self) -> Tensor:
        """It has no method for it: `forward` of its model, over a loader."""
        self.used.eval()
        with torch.no_grad():
            return torch.cat([self.used(x) for (x,) in self.x_loader()])
