"""Lampas: `fit(checkpoint=...)`, and the same call again."""

from typing import Any

import torch
from common import Net, datasets, ended, serve
from job import BATCH, DECAY, EPOCHS, EVERY, RATE, SEED, Order
from torch import nn
from torch.utils.data import DataLoader

import lampas


def train(order: Order) -> dict[str, Any]:
    lampas.seed(SEED)
    net = Net(order)
    model = lampas.Model(net)
    adam = torch.optim.Adam(net.parameters(), lr=RATE)
    model.compile(adam, nn.CrossEntropyLoss(), scheduler=lambda step, total: DECAY**step)
    train_set, valid_set = datasets(order)
    loader = DataLoader(train_set, BATCH, shuffle=True, num_workers=order.workers)
    kept = lampas.Checkpoints(f"{order.folder}/run", f"{EVERY} steps") if order.keeps else None
    history = model.fit(
        loader, epochs=EPOCHS, validation_data=DataLoader(valid_set, BATCH), checkpoint=kept,
        verbose=0,
    )  # fmt: skip
    return ended(net, adam, [repr(row) for row in history.rows])


if __name__ == "__main__":
    serve(train, f"Lampas {lampas.__version__}", "run/checkpoint-*/weights.safetensors")
