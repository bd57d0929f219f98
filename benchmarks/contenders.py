"""The ways to train a workload that `loop.py` compares. All do the same work.

Each trains the same net from the same initial weights with Adam for the same epochs, shuffled,
with the loss and one metric over the training data, and after each epoch the loss and the
metric over the validation data; each returns the last validation loss and accuracy.
"""

from collections.abc import Callable

import torch
from by_hand import Scores, best_by_hand, usual_script, validation_size
from torch.utils.data import DataLoader, TensorDataset
from workloads import Workload

import lampas


def _lampas(work: Workload) -> "lampas.Model":
    model = lampas.Model(work.net())
    model.compile(torch.optim.Adam(model.parameters(), lr=work.lr), work.loss, metrics=["accuracy"])
    return model


def _last(history: "lampas.History") -> Scores:
    return history.rows[-1]["val_loss"], history.rows[-1]["val_accuracy"]


def lampas_tensors(work: Workload) -> Scores:
    """`fit` on tensors; the optimiser's `fused` is left undecided."""
    return _last(
        _lampas(work).fit(
            work.x, work.y, batch_size=work.batch_size, epochs=work.epochs, verbose=0,
            validation_data=(work.x_val, work.y_val),
        )
    )  # fmt: skip


def lampas_loader(work: Workload) -> Scores:
    """`fit` on a DataLoader over a TensorDataset."""
    train = DataLoader(TensorDataset(work.x, work.y), work.batch_size, shuffle=True)
    valid = DataLoader(TensorDataset(work.x_val, work.y_val), validation_size(work))
    return _last(_lampas(work).fit(train, epochs=work.epochs, verbose=0, validation_data=valid))


CONTENDERS: dict[str, Callable[[Workload], Scores]] = {
    "usual script": usual_script,
    "best by hand": best_by_hand,
    "lampas, tensors": lampas_tensors,
    "lampas, DataLoader": lampas_loader,
}
