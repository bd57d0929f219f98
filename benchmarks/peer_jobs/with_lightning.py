"""Lightning: no logger, checkpoints, bar, summary or sanity check; or its `barebones` mode.

Barebones forbids `self.log`: sums are kept by hand there, which the documentation discourages
for regular runs.
"""

import logging
from typing import Any

import lightning
import torch
from by_hand import Scores
from torch import Tensor
from trial import Trial
from workloads import Workload

for name in ("lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)


class Module(lightning.LightningModule):
    """`self.log_dict` of loss and accuracy, each a mean over an epoch."""

    def __init__(self, trial: Trial):
        super().__init__()
        self.work, self.net, self.make_adam = trial.work, trial.work.net(), trial.adam

    def scored(self, batch: Any, prefix: str) -> Tensor:
        x, y = batch
        y_pred = self.net(x)
        loss = self.work.loss(y_pred, y)
        found = {f"{prefix}loss": loss, f"{prefix}accuracy": self.work.accuracy(y_pred, y)}
        self.keep({name: value.detach() for name, value in found.items()}, len(y))
        return loss

    def keep(self, found: dict[str, Tensor], rows: int) -> None:
        self.log_dict(found, on_step=False, on_epoch=True, batch_size=rows)

    def training_step(self, batch: Any, _: int) -> Tensor:
        return self.scored(batch, "")

    def validation_step(self, batch: Any, _: int) -> None:
        self.scored(batch, "val_")

    def predict_step(self, batch: Any, _: int) -> Tensor:
        return self.net(batch[0])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.make_adam(self.net)


class BareModule(Module):
    """Sums in lists, reduced at an epoch's end."""

    kept: list[tuple[dict[str, Tensor], int]]
    scores: Scores

    def keep(self, found: dict[str, Tensor], rows: int) -> None:
        self.kept.append((found, rows))

    def on_train_epoch_start(self) -> None:
        self.kept = []

    def on_validation_epoch_start(self) -> None:
        self.kept = []

    def on_validation_epoch_end(self) -> None:
        lengths = torch.tensor([rows for _, rows in self.kept])
        means = [
            (torch.stack([one[key] for one, _ in self.kept]) * lengths).sum() / lengths.sum()
            for key in ("val_loss", "val_accuracy")
        ]
        self.scores = means[0].item(), means[1].item()


class Lightning(Trial):
    distribution = "lightning"
    module: type[Module] = Module

    def __init__(self, work: Workload, loader: str = "batches"):
        super().__init__(work, loader)
        self.options: dict[str, Any] = {
            "logger": False, "enable_checkpointing": False, "enable_progress_bar": False,
            "enable_model_summary": False, "num_sanity_val_steps": 0,
        }  # fmt: skip

    def trainer(self) -> lightning.Trainer:
        epochs = self.work.epochs
        return lightning.Trainer(accelerator="cpu", devices=1, max_epochs=epochs, **self.options)

    def scores(self, module: Module, trainer: lightning.Trainer) -> Scores:
        found = trainer.callback_metrics
        return found["val_loss"].item(), found["val_accuracy"].item()

    def fit(self) -> Scores:
        module, trainer = self.module(self), self.trainer()
        trainer.fit(module, self.train_loader(), self.valid_loader())
        return self.scores(module, trainer)

    def ready(self) -> None:
        self.used, self.used_trainer = self.module(self), self.trainer()

    def evaluate(self) -> Scores:
        self.used_trainer.validate(self.used, self.score_loader(), verbose=False)
        return self.scores(self.used, self.used_trainer)

    def predict(self) -> Tensor:
        return torch.cat(self.used_trainer.predict(self.used, self.x_loader()))


class Barebones(Lightning):
    module = BareModule

    def __init__(self, work: Workload, loader: str = "batches"):
        super().__init__(work, loader)
        self.options = {"barebones": True}

    def scores(self, module: Any, trainer: lightning.Trainer) -> Scores:
        return module.scores
