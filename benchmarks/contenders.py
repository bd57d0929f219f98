"""The ways to train a workload that `loop.py` compares. All do the same work.

Each trains the same net from the same initial weights with Adam for the same epochs, shuffled,
with the loss and one metric over the training data, and after each epoch the loss and the
metric over the validation data; each returns the last validation loss and accuracy.
"""

from collections.abc import Callable

import torch
from torch.utils.data import DataLoader, TensorDataset
from workloads import Workload

import lampas

Scores = tuple[float, float]


def usual_script(work: Workload) -> Scores:
    """What most people write: a DataLoader, `.item()` each step, means of batch means."""
    net = work.net()
    optimizer = torch.optim.Adam(net.parameters(), lr=work.lr)
    train = DataLoader(TensorDataset(work.x, work.y), work.batch_size, shuffle=True)
    valid = DataLoader(TensorDataset(work.x_val, work.y_val), work.batch_size)
    loss_sum = accuracy_sum = 0.0
    for _ in range(work.epochs):
        net.train()
        for x, y in train:
            optimizer.zero_grad()
            y_pred = net(x)
            loss = work.loss(y_pred, y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item()
            accuracy_sum += work.accuracy(y_pred, y).item()
        net.eval()
        loss_sum = accuracy_sum = 0.0
        with torch.no_grad():
            for x, y in valid:
                y_pred = net(x)
                loss_sum += work.loss(y_pred, y).item()
                accuracy_sum += work.accuracy(y_pred, y).item()
    return loss_sum / len(valid), accuracy_sum / len(valid)


def best_by_hand(work: Workload) -> Scores:
    """The best eager loop we can write: see the module's notes in `loop.py`."""
    net = work.net()
    optimizer = torch.optim.Adam(net.parameters(), lr=work.lr, fused=True)
    size, big = work.batch_size, validation_size(work)
    scores = (0.0, 0.0)
    for _ in range(work.epochs):
        net.train()
        order = torch.randperm(len(work.x))
        xs, ys = work.x[order], work.y[order]
        losses, outputs = [], []
        for start in range(0, len(xs), size):
            x, y = xs[start : start + size], ys[start : start + size]
            optimizer.zero_grad()
            y_pred = net(x)
            loss = work.loss(y_pred, y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            outputs.append(y_pred.detach())
        _reduce(work, losses, outputs, ys, size)
        net.eval()
        losses, outputs = [], []
        with torch.no_grad():
            for start in range(0, len(work.x_val), big):
                y_pred = net(work.x_val[start : start + big])
                losses.append(work.loss(y_pred, work.y_val[start : start + big]))
                outputs.append(y_pred)
            scores = _reduce(work, losses, outputs, work.y_val, big)
    return scores


def validation_size(work: Workload) -> int:
    """Larger batches where rows are small, as `fit` takes them: it helps whoever does it."""
    row = work.x[0].nbytes + work.y[0].nbytes
    return max(work.batch_size, min(4 * work.batch_size, (1 << 18) // row))


def _reduce(
    work: Workload, losses: list[torch.Tensor], outputs: list[torch.Tensor], ys: torch.Tensor,
    size: int,
) -> Scores:  # fmt: skip
    """Loss weighted by batch length, and accuracy, over an epoch: two numbers are looked at."""
    lengths = torch.tensor([min(size, len(ys) - start) for start in range(0, len(ys), size)])
    loss = (torch.stack(losses) * lengths).sum() / len(ys)
    return loss.item(), work.accuracy(torch.cat(outputs), ys).item()


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
