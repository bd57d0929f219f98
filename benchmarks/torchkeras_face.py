"""Time of `lampas.torchkeras` as a ratio to the loop that its programs used to run in.

    python benchmarks/torchkeras_face.py [--repeats 7] [--threads 1]

The rings MLP of `workloads.py` from a DataLoader, with loss and accuracy of training and
validation data, and lines printed (into nothing) each `log_step_freq` steps by both. The old way
is written here by hand: `.item()` of the loss and of each metric at every step. The two take
turns; the figure is the median of the repeats.
"""

import argparse
import contextlib
import io
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset
from workloads import Workload, rings

from lampas.torchkeras import Model


def old_loop(work: Workload, train: Any, valid: Any, every: int) -> dict[str, float]:
    """Each step looks at loss and metric; an epoch's number is the mean of its batches'."""
    net = work.net()
    optimizer = torch.optim.Adam(net.parameters(), lr=work.lr)
    found: dict[str, float] = {}
    for epoch in range(1, work.epochs + 1):
        sums = {"loss": 0.0, "accuracy": 0.0}
        for step, (x, y) in enumerate(train, start=1):
            net.train()
            optimizer.zero_grad()
            y_pred = net(x)
            loss = work.loss(y_pred, y)
            sums["loss"] += loss.item()
            sums["accuracy"] += work.accuracy(y_pred, y).item()
            loss.backward()
            optimizer.step()
            if step % every == 0:
                print({"step": step} | {k: round(v / step, 3) for k, v in sums.items()})
        found = {name: value / len(train) for name, value in sums.items()}
        sums = {"val_loss": 0.0, "val_accuracy": 0.0}
        for x, y in valid:
            net.eval()
            with torch.no_grad():
                y_pred = net(x)
                sums["val_loss"] += work.loss(y_pred, y).item()
                sums["val_accuracy"] += work.accuracy(y_pred, y).item()
        found |= {name: value / len(valid) for name, value in sums.items()}
        print({"epoch": epoch} | found)
    return found


def face(work: Workload, train: Any, valid: Any, every: int) -> dict[str, float]:
    """The same in the words of its programs."""
    model = Model(work.net())
    optimizer = torch.optim.Adam(model.parameters(), lr=work.lr)
    model.compile(work.loss, optimizer, metrics_dict={"accuracy": work.accuracy})
    return dict(model.fit(work.epochs, train, valid, log_step_freq=every).iloc[-1])


def timed(run: Callable[..., dict[str, float]], *given: Any) -> tuple[float, dict[str, float]]:
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        found = run(*given)
        return time.perf_counter() - start, found


def loaders(work: Workload, workers: int) -> tuple[Any, Any]:
    train = DataLoader(
        TensorDataset(work.x, work.y), work.batch_size, shuffle=True, num_workers=workers
    )
    valid = DataLoader(TensorDataset(work.x_val, work.y_val), work.batch_size, num_workers=workers)
    return train, valid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(
        f"torch {torch.__version__}, Python {platform.python_version()}, "
        f"{options.threads} thread(s), median of {options.repeats} repeats in turn"
    )
    work = rings()
    steps = work.epochs * -(-len(work.x) // work.batch_size)
    print(f"{'log_step_freq':>13} {'workers':>7} {'old us/step':>11} {'face us/step':>12} ratio")
    for every, workers, repeats in [(1, 0, options.repeats), (10, 0, options.repeats),
                                    (40, 0, options.repeats), (10, 2, 1)]:  # fmt: skip
        old: list[float] = []
        new: list[float] = []
        for _ in range(repeats):
            old.append(timed(old_loop, work, *loaders(work, workers), every)[0])
            new.append(timed(face, work, *loaders(work, workers), every)[0])
        ratio = statistics.median(new) / statistics.median(old)
        micro = [1e6 * statistics.median(times) / steps for times in (old, new)]
        print(f"{every:13} {workers:7} {micro[0]:11.0f} {micro[1]:12.0f} {ratio:5.2f}")


if __name__ == "__main__":
    main()
