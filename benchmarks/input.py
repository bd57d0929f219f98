"""Time of an epoch over a dataset that decodes its samples in Python, by who reads it.

    python benchmarks/input.py [--repeats 5] [--epochs 6] [--threads 1] [--json FILE]

The data are images of 3×32×32 bytes, packed as differences from pixel to pixel, which a dataset
unpacks, scales, crops and mirrors with NumPy; `--work` is how often each is unpacked again, as a
larger image would take longer, and `--wait` sleeps for each, as a slow disk would. The net is a
small CNN. Contenders: a loop by hand over a `DataLoader` with 0, 1, 2 and more workers (persistent,
as whoever tunes them would have it), and `fit` with the plain dataset, which finds out by itself;
steps are not compiled, for it is the input that is compared.

Each repeat runs all contenders one after the other in an order of its own, each for so many epochs
with a net of its own. "whole" is the time of all epochs, start and measuring included; "epoch" the
median of those from the third on. Figures are medians of the repeats, ratios those of the same
repeat.
"""

import argparse
import contextlib
import io
import json
import os
import random
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import lampas

BATCH = 64


class Packed(Dataset):
    """Images that are decoded when they are asked for."""

    def __init__(self, count: int, work: int, wait: float) -> None:
        drawn = np.random.default_rng(0)
        pixels = drawn.integers(0, 256, (count, 3 * 32 * 32), dtype=np.uint8)
        self.packed = [np.diff(row, prepend=np.uint8(0)).tobytes() for row in pixels]
        self.labels = drawn.integers(0, 10, count).tolist()
        self.work, self.wait = work, wait / 1e3

    def __len__(self) -> int:
        return len(self.packed)

    def __getitem__(self, index: int):
        if self.wait:
            time.sleep(self.wait)
        for _ in range(self.work):
            steps = np.frombuffer(self.packed[index], np.uint8)
            image = np.cumsum(steps, dtype=np.uint8).reshape(3, 32, 32)
            scaled = (image.astype(np.float32) / 255 - 0.5) / 0.25
        top, left, mirrored = torch.randint(0, 5, (3,)).tolist()
        padded = np.pad(scaled, ((0, 0), (2, 2), (2, 2)))[:, top : top + 32, left : left + 32]
        if mirrored % 2:
            padded = padded[:, :, ::-1]
        return torch.from_numpy(padded.copy()), self.labels[index]


def net(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(2 * width, 10),
    )  # fmt: skip


def by_hand(data: Packed, width: int, epochs: int, workers: int) -> list[float]:
    """Seconds of each epoch."""
    model, loss_of = net(width), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    options = {"num_workers": workers, "persistent_workers": True} if workers else {}
    loader = DataLoader(data, BATCH, shuffle=True, **options)
    found = []
    for _ in range(epochs):
        start, total = time.perf_counter(), torch.zeros(())
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(x)
        found.append(time.perf_counter() - start)
    return found


class Times(lampas.Callback):
    hears = frozenset({"epoch_begin", "epoch_end"})

    def __init__(self) -> None:
        self.found = []

    def __call__(self, event) -> None:
        if event.kind == "epoch_begin":
            self._start = time.perf_counter()
        else:
            self.found.append(time.perf_counter() - self._start)


def by_lampas(data: Packed, width: int, epochs: int, said: list[str]) -> list[float]:
    model, times = lampas.Model(net(width)), Times()
    model.compile("adam", "cross_entropy", jit=False)
    with contextlib.redirect_stderr(io.StringIO()) as lines:
        model.fit(data, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=times)
    said += lines.getvalue().splitlines()
    return times.found


def measure(data: Packed, width: int, options) -> dict[str, dict[str, float]]:
    said: list[str] = []
    ways = {
        f"DataLoader, {workers} workers": lambda workers=workers: by_hand(
            data, width, options.epochs, workers
        )
        for workers in range(options.most + 1)
    }
    ways["fit, the dataset"] = lambda: by_lampas(data, width, options.epochs, said)
    seconds = {name: [] for name in ways}
    for repeat in range(options.first, options.first + options.repeats):
        order = list(ways)
        random.Random(repeat).shuffle(order)
        for name in order:
            lampas.seed(repeat)
            found = ways[name]()
            seconds[name].append((statistics.median(found[2:]), sum(found)))
    for line in sorted({line.split(":")[-1] for line in said}):
        print(f"    said:{line}", sum(one.endswith(line) for one in said), "times")
    return {name: summary(name, seconds) for name in ways}


def summary(name: str, seconds: dict[str, list[tuple[float, float]]]) -> dict[str, float]:
    """Medians, and those of the ratios to no workers and to the best number of them."""
    own, none = seconds[name], seconds["DataLoader, 0 workers"]
    loaders = [times for other, times in seconds.items() if other.startswith("DataLoader")]
    best = min(loaders, key=lambda times: statistics.median(epoch for epoch, _ in times))
    return {
        "epoch": statistics.median(epoch for epoch, _ in own),
        "of none": statistics.median(a / b for (a, _), (b, _) in zip(own, none, strict=True)),
        "of the best": statistics.median(a / b for (a, _), (b, _) in zip(own, best, strict=True)),
        "whole": statistics.median(whole for _, whole in own),
        "whole of none": statistics.median(a / b for (_, a), (_, b) in zip(own, none, strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the number of the first repeat")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--samples", type=int, default=12_800)
    parser.add_argument("--work", type=int, nargs="*", default=[0, 4, 8])
    parser.add_argument("--wait", type=float, default=0.0, help="ms a sample, as of a slow disk")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--most", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(
        f"torch {torch.__version__}, {options.threads} thread(s), {options.repeats} interleaved "
        f"repeats of {options.epochs} epochs of {options.samples // BATCH} batches"
    )
    everything = {}
    for work in options.work:
        data = Packed(options.samples, max(1, work), options.wait)
        print(f"\nunpacked {max(1, work)} times")
        everything[work] = measure(data, options.width, options)
        for name, row in everything[work].items():
            print(f"{name:24}", *(f"{key} {value:6.3f}" for key, value in row.items()), sep="  ")
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
