"""Training loops written by hand, for `loop.py` and `peers.py`. Needs torch alone."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from workloads import Workload

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


def best_by_hand(work: Workload, net: nn.Module | None = None) -> Scores:
    """The best eager loop we can write: see `loop.py`. A net may be given, at its first weights."""
    net = work.net() if net is None else net
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
        scores = score_by_hand(work, net, work.x_val, work.y_val, big)
    return scores


def score_by_hand(
    work: Workload, net: nn.Module, xs: torch.Tensor, ys: torch.Tensor, size: int
) -> Scores:
    """Loss and accuracy of rows, in order."""
    net.eval()
    losses, outputs = [], []
    with torch.no_grad():
        for start in range(0, len(xs), size):
            y_pred = net(xs[start : start + size])
            losses.append(work.loss(y_pred, ys[start : start + size]))
            outputs.append(y_pred)
        return _reduce(work, losses, outputs, ys, size)


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
