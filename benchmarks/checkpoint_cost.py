"""What checkpoints cost: time of `fit` with them, as a ratio to `fit` without; and a resume.

    python benchmarks/checkpoint_cost.py [--every '100 steps'] [--repeats 7] [--only rings|cnn|text]

The nets of `loop.py`, one thread for torch, with validation and a metric. Each repeat has three
runs in an order of its own: two without checkpoints and one with them, all of the same epochs. A
run is timed whole: with the first checkpoint, before the first step, and the last two, for whose
end it waits. Everything is on the CPU, so nothing is left to synchronise. Medians of the repeats:

- "ratio": wall time with checkpoints, to that without; "again": of the second runs without to the
  first, which is what the machine's noise makes of 1.
- "inside": the share of the run that its own thread spent in taking and handing over checkpoints,
  waiting for one under way included; hardly any noise.
- "resume": seconds from the call of `fit` to the first step of a run that goes on in the middle of
  an epoch, less those of one that begins; "file": MB of its checkpoint.
"""

import argparse
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from workloads import WORKLOADS, Workload

import lampas
from lampas.state.keeper import Keeper

EPOCHS = {"rings": 300, "cnn": 20, "text": 20}
_INSIDE = ("resume", "after_step", "after_epoch", "hold", "let_go", "end")


class CutError(Exception):
    """Ends a run in the middle of an epoch."""


@dataclass
class Clock:
    """Seconds that the run's own thread spends inside of its keeper."""

    seconds: float = 0.0

    @contextmanager
    def watching(self) -> Generator[None]:
        kept = {name: getattr(Keeper, name) for name in _INSIDE}
        for name, method in kept.items():
            setattr(Keeper, name, self._timed(method))
        try:
            yield
        finally:
            for name, method in kept.items():
                setattr(Keeper, name, method)

    def _timed(self, method: Any) -> Any:
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - start

        return timed


def fit(work: Workload, epochs: int, folder: str | None, every: str, *callbacks: Any) -> float:
    """Seconds of one `fit`."""
    lampas.seed(0)
    model = lampas.Model(work.net())
    model.compile(torch.optim.Adam(model.parameters(), lr=work.lr), work.loss, ["accuracy"])
    kept: Any = {} if folder is None else {"checkpoint": folder, "every": every}
    start = time.perf_counter()
    model.fit(work.x, work.y, batch_size=work.batch_size, epochs=epochs, verbose=0,
              validation_data=(work.x_val, work.y_val), callbacks=list(callbacks),
              **kept)  # fmt: skip
    return time.perf_counter() - start


def repeat(work: Workload, epochs: int, every: str, order: random.Random) -> dict[str, float]:
    """One run of each kind: seconds, and the share inside of the keeper."""
    names, found = ["plain", "again", "kept"], dict[str, float]()
    order.shuffle(names)
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            clock = Clock()
            with clock.watching():
                found[name] = fit(work, epochs, folder if name == "kept" else None, every)
            if name == "kept":
                found["inside"] = clock.seconds / found[name]
    return found


class FirstStep(lampas.Callback):
    """When the first step was done; ends the run there, or after some more."""

    hears = frozenset({"step"})

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.at = 0.0

    def __call__(self, event: lampas.Event) -> None:
        self.at = self.at or time.perf_counter()
        self.left -= 1
        if self.left <= 0:
            raise CutError


def until_first_step(work: Workload, folder: str, steps: int) -> float:
    """Seconds from the call of `fit` to its first step; the run is cut after `steps`."""
    watch, start = FirstStep(steps), time.perf_counter()
    with suppress(CutError):
        fit(work, 3, folder, "5 steps", watch)
    return watch.at - start


def resumed(work: Workload) -> tuple[float, float]:
    """Seconds that a resume takes more than a beginning, and MB of the checkpoint."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = until_first_step(work, folder, 12)
        again = until_first_step(work, folder, 1)
        newest = max(Path(folder).glob("checkpoint-*"))
        size = sum(one.stat().st_size for one in newest.iterdir())
    return again - fresh, size / 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", default="100 steps")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", choices=list(WORKLOADS), default=None)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, {platform.machine()}, every {asked.every}, "
          f"{asked.repeats} repeats")  # fmt: skip
    print(
        "| net | steps a run | ratio | again | inside | resume, s | file, MB |\n" + "|---" * 7 + "|"
    )
    for name in [asked.only] if asked.only else list(WORKLOADS):
        work, order = WORKLOADS[name](), random.Random(0)
        fit(work, 1, None, asked.every)  # warms up
        rows = [repeat(work, EPOCHS[name], asked.every, order) for _ in range(asked.repeats)]
        medians = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        steps = EPOCHS[name] * -(-len(work.x) // work.batch_size)
        seconds, size = resumed(work)
        print(f"| {work.name} | {steps:,} | {medians['kept'] / medians['plain']:.3f} | "
              f"{medians['again'] / medians['plain']:.3f} | {medians['inside']:.2%} | "
              f"{seconds:.3f} | {size:.2f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
