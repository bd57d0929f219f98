"""Long runs: does memory stay where it is after the first tenth?

    python campaigns/soak.py [--epochs 10000] [--steps 24000] [--write]

A tiny net for 10 000 epochs, and the CNN of `benchmarks/loop.py` for 24 000 steps, each in a
process of its own on one thread, with validation and a metric. Resident memory, open files and
live tensors are read at a hundred even places. Then the programs of `tests/test_leaks.py`, at full
length. `--write` puts the figures into results/soak.md.
"""

import argparse
import gc
import json
import os
import platform
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

import lampas
from lampas.record import memory

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "benchmarks"))
from workloads import cnn  # noqa: E402

READINGS = 100
WARM_UP = READINGS // 10
LIMIT = 0.02  # of growth after the warm-up


class Gauge(lampas.Callback):
    """Reads memory at even places of the run."""

    hears = frozenset({"epoch_end"})

    def __init__(self, epochs: int) -> None:
        self.every = max(1, epochs // READINGS)
        self.rows: list[tuple[int, int, int, int]] = []

    def __call__(self, event: lampas.Event) -> None:
        if event.epoch % self.every == 0:
            tensors = sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())
            files = len(os.listdir("/proc/self/fd"))
            self.rows.append((event.epoch, memory.resident() or 0, tensors, files))


def tiny(epochs: int) -> tuple[list[Any], int]:
    """A net of 33 weights on 64 rows, 4 steps an epoch."""
    x = torch.randn(64, 4)
    model = lampas.Model(nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 1)))
    model.compile("adam", "mse", metrics=["mae"])
    gauge = Gauge(epochs)
    data = x, x.sum(1, keepdim=True)
    model.fit(*data, 16, epochs, 0, callbacks=gauge, validation_data=data)
    return gauge.rows, 4 * epochs


def images(steps: int) -> tuple[list[Any], int]:
    """The CNN of the benchmarks, batches of 64, in epochs of 32 steps."""
    work = cnn()
    model = lampas.Model(work.net())
    model.compile(torch.optim.Adam(model.parameters(), work.lr), work.loss, metrics=["accuracy"])
    epochs = -(-steps // 32)
    gauge = Gauge(epochs)
    few = work.x_val[:64], work.y_val[:64]
    model.fit(
        work.x, work.y, work.batch_size, epochs, 0, callbacks=gauge, validation_data=few,
    )  # fmt: skip
    return gauge.rows, 32 * epochs


def level(rows: list[Any]) -> float:
    """The median reading, in bytes: a chunk of 2 MB of data is held at some moments, or is not."""
    return statistics.median(size for _, size, _, _ in rows)


def growth(rows: list[Any]) -> float:
    """The highest level of a tenth after the warm-up over that of the warm-up, less 1."""
    tenths = [rows[start : start + WARM_UP] for start in range(0, READINGS, WARM_UP)]
    return max(map(level, tenths[1:])) / level(tenths[0]) - 1


def line(name: str, found: dict[str, Any]) -> str:
    rows = found["rows"]
    start, last = rows[WARM_UP - 1], rows[-1]
    return (
        f"| {name} | {found['steps']:,} | {found['seconds']:,.0f} | "
        f"{level(rows[:WARM_UP]) / 1e6:,.1f} | {level(rows[-WARM_UP:]) / 1e6:,.1f} | "
        f"{max(row[1] for row in rows) / 1e6:,.1f} | {100 * growth(rows):+.2f} % | "
        f"{start[2]} → {last[2]} | {start[3]} → {last[3]} |"
    )


def run_apart(name: str, count: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", name, str(count)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)


def run_here(name: str, count: int) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    began = time.perf_counter()
    rows, steps = {"tiny": tiny, "cnn": images}[name](count)
    print(json.dumps({"rows": rows, "steps": steps, "seconds": time.perf_counter() - began}))


HEAD = """# Soak

Resident memory of long runs, by `campaigns/soak.py`, read at a hundred even places. The level is
the median of ten readings; growth is that of the highest level after the first tenth over the
first. The goal is 2 %.

{machine}

| run | steps | seconds | first level, MB | last, MB | most, MB | growth | tensors | files |
|---|---|---|---|---|---|---|---|---|
"""

CALLS = """
What grew over many calls, after a warm-up, by the programs of `tests/test_leaks.py` at full length:

| | live tensors | open files | threads | resident, KB |
|---|---|---|---|---|
"""


def calls() -> str:
    """The second table."""
    tests = runpy.run_path(str(HERE.parent / "tests" / "test_leaks.py"))
    rows: list[str] = []
    for program in tests["PROGRAMS"].values():
        with tempfile.TemporaryDirectory() as folder:
            found = tests["measure"](program, Path(folder), 1.0)
        rows += [f"| {name} | {' | '.join(map(str, row))} |" for name, row in found.items()]
    return CALLS + "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=24_000)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("RUN", "COUNT"))
    options = parser.parse_args()
    if options.one:
        run_here(options.one[0], int(options.one[1]))
        return
    found = {
        f"tiny net, {options.epochs:,} epochs": run_apart("tiny", options.epochs),
        "CNN 3×32×32": run_apart("cnn", options.steps),
    }
    machine = f"torch {torch.__version__}, Python {platform.python_version()}, one thread."
    page = HEAD.format(machine=machine) + "\n".join(line(*item) for item in found.items()) + "\n"
    page += calls()
    print(page)
    if options.write:
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results" / "soak.md").write_text(page)
    grown = {name: growth(one["rows"]) for name, one in found.items()}
    sys.exit(any(part > LIMIT for part in grown.values()))


if __name__ == "__main__":
    main()
