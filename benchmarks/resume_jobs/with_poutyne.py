"""Poutyne: `ModelBundle.train`, which keeps weights, optimiser, schedule and random states of each
epoch in its folder, and goes on from there when it is called again.

Its schedules move once an epoch; so the rate falls by an epoch's decay at once. With `flat` as its
argument the rate stays as it is.
"""

import sys
from pathlib import Path
from typing import Any

import poutyne
import torch
from common import Net, datasets, ended, serve
from job import BATCH, DECAY, EPOCHS, RATE, SEED, STEPS, Order
from poutyne import ExponentialLR, ModelBundle
from torch import nn
from torch.utils.data import DataLoader

FLAT = "flat" in sys.argv


def train(order: Order) -> dict[str, Any]:
    poutyne.set_seeds(SEED)
    net = Net(order)
    adam = torch.optim.Adam(net.parameters(), lr=RATE)
    bundle = ModelBundle.from_network(
        f"{order.folder}/run", net, optimizer=adam, loss_function=nn.CrossEntropyLoss(),
        logging=order.keeps, monitoring=False, device="cpu",
    )  # fmt: skip
    train_set, valid_set = datasets(order)
    loader = DataLoader(train_set, BATCH, shuffle=True, num_workers=order.workers)
    decay = [] if FLAT else [ExponentialLR(gamma=DECAY**STEPS)]
    bundle.train(
        loader, DataLoader(valid_set, BATCH), epochs=EPOCHS, seed=SEED, progress_options=None,
        lr_schedulers=decay, disable_tensorboard=True, verbose=False,
    )  # fmt: skip
    log = Path(order.folder, "run", "log.tsv")
    lines = log.read_text().splitlines() if order.keeps else []
    names = lines[0].split("\t") if lines else []
    keep = [at for at, name in enumerate(names) if name != "time"]
    rows = [repr([line.split("\t")[at] for at in keep]) for line in lines[1:]]
    return ended(net, adam, rows)


if __name__ == "__main__":
    without = ", no schedule" if FLAT else ""
    serve(train, f"Poutyne {poutyne.__version__}{without}", "run/checkpoint.ckpt", "epoch")
