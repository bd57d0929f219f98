"""skorch: `Checkpoint(monitor=None)`, each epoch, and `LoadInitState`.

`fit` trains `max_epochs` more after loading; so the program asks for those that are left.
"""

import random
from pathlib import Path
from typing import Any

import numpy as np
import skorch
import torch
from common import Net, datasets, ended, serve
from job import BATCH, DECAY, EPOCHS, RATE, SEED, Order
from skorch.callbacks import Checkpoint, LoadInitState, LRScheduler
from skorch.helper import predefined_split
from skorch.history import History
from torch import nn


def left(folder: str) -> int:
    """The epochs that the saved history does not have."""
    file = Path(folder, "run", "history.json")
    return EPOCHS - len(History.from_file(str(file))) if file.exists() else EPOCHS


def train(order: Order) -> dict[str, Any]:
    random.seed(SEED)  # it has no seeding function: its documentation seeds torch and NumPy
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    train_set, valid_set = datasets(order)
    keeper = Checkpoint(monitor=None, dirname=f"{order.folder}/run")
    decay = LRScheduler("ExponentialLR", gamma=DECAY, step_every="batch")
    net = skorch.NeuralNet(
        Net(order), nn.CrossEntropyLoss, optimizer=torch.optim.Adam, lr=RATE, batch_size=BATCH,
        max_epochs=left(order.folder), iterator_train__shuffle=True,
        iterator_train__num_workers=order.workers, train_split=predefined_split(valid_set),
        callbacks=[*([LoadInitState(keeper), keeper] if order.keeps else []), decay], verbose=0,
    )  # fmt: skip
    net.fit(train_set)
    rows = [repr((float(row["train_loss"]), float(row["valid_loss"]))) for row in net.history]
    return ended(net.module_, net.optimizer_, rows)


if __name__ == "__main__":
    serve(train, f"skorch {skorch.__version__}", "run/params.pt", "epoch")
