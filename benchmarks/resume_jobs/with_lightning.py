"""Lightning: `ModelCheckpoint(every_n_train_steps=, save_last=True)`, `fit(ckpt_path="last")`.

With `stateful` as its argument the loader is torchdata's `StatefulDataLoader`, whose state
Lightning saves and loads with its own. With `epoch` it saves at each epoch's end, which a
warning of Lightning's recommends for loaders without a state.
"""

import csv
import logging
import sys
from pathlib import Path
from typing import Any

import lightning
import torch
from common import Net, datasets, ended, serve
from job import BATCH, DECAY, EPOCHS, EVERY, RATE, SEED, STEPS, Order  # fmt: skip
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

STATEFUL = "stateful" in sys.argv
FREQUENCY = {"every_n_epochs": 1} if "epoch" in sys.argv else {"every_n_train_steps": EVERY}


class Module(lightning.LightningModule):
    def __init__(self, order: Order):
        super().__init__()
        self.net = Net(order)

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        loss = nn.functional.cross_entropy(self.net(batch[0]), batch[1])
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, _: int) -> None:
        self.log("val_loss", nn.functional.cross_entropy(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        adam = torch.optim.Adam(self.parameters(), lr=RATE)
        decay = torch.optim.lr_scheduler.ExponentialLR(adam, DECAY)
        return {"optimizer": adam, "lr_scheduler": {"scheduler": decay, "interval": "step"}}


def rows(folder: str) -> list[str]:
    """Of all the logs that the processes left, the newest figures of each epoch."""
    found: dict[str, dict[str, str]] = {}
    for log in sorted(Path(folder, "logs").glob("version_*/metrics.csv")):
        for row in csv.DictReader(log.open()):
            found.setdefault(row["epoch"], {}).update({k: v for k, v in row.items() if v})
    return [repr(sorted(row.items())) for _, row in sorted(found.items())]


def train(order: Order) -> dict[str, Any]:
    lightning.seed_everything(SEED, workers=True, verbose=False)
    module = Module(order)
    train_set, valid_set = datasets(order)
    kind = StatefulDataLoader if STATEFUL else DataLoader
    loader = kind(train_set, BATCH, shuffle=True, num_workers=order.workers)
    keeper = ModelCheckpoint(f"{order.folder}/run", save_last=True, **FREQUENCY)
    trainer = lightning.Trainer(
        accelerator="cpu", max_epochs=EPOCHS, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[keeper] if order.keeps else [],
        enable_checkpointing=order.keeps, logger=CSVLogger(order.folder, "logs"),
        log_every_n_steps=STEPS,
    )  # fmt: skip
    last = {"ckpt_path": "last"} if order.keeps else {}
    trainer.fit(module, loader, DataLoader(valid_set, BATCH), **last)
    return ended(module.net, trainer.optimizers[0], rows(order.folder))


if __name__ == "__main__":
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    every = "epoch" if "epoch" in sys.argv else f"{EVERY} steps"
    with_state = " with StatefulDataLoader" if STATEFUL else ""
    serve(train, f"Lightning {lightning.__version__}{with_state}", "run/last.ckpt", every)
