"""What looking at a run costs: time of `fit` with it, as a ratio to `fit` without.

    python benchmarks/logging_cost.py [--log board|record|progress] [--repeats 20] [--threads 1]
                                      [--only rings|cnn|text]

"board": `TensorBoard` with all of it on. "record": `Record`, which `lampas train` keeps too.
"progress": the bar of `fit(verbose=1)`, on a terminal that nobody watches.

The nets of `loop.py`, with validation and a metric: scalars of every tenth step, histograms of
all weights and gradients each epoch, the graph, hyperparameters and their results. A run is timed
whole, with the start of the log and the wait for its end, after one to warm up (which imports
TensorBoard). Each repeat has three runs in an order of its own: two without a log, one with it.
Figures are medians:

- "ratio": wall time with the log, to that without; "again": of the second runs without a log to
  the first. They do the same, so this is what the machine's noise makes of 1.
- "processor": the same of the processor time of this process, without that of the process that
  writes the log, which has a core of its own.
- "callback": the share of the processor time with the log that was spent inside the callback:
  hardly any noise, but blind to what happens outside of it.
- "once a run": wall time that a log adds to a run of one epoch.
"""

import argparse
import os
import platform
import pty
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from workloads import WORKLOADS, Workload

import lampas
from lampas.callbacks import Callback, Event, Progress, Record, TensorBoard

EPOCHS = {"rings": 600, "cnn": 8, "text": 20}
LOGS: dict[str, Callable[[str], Callback]] = {
    "board": TensorBoard,
    "record": Record,
    "progress": lambda folder: Progress(),
}


@dataclass(frozen=True, slots=True)
class Times:
    """Of one `fit`, in seconds: wall, processor time of this process, and that of the callback."""

    wall: float
    used: float
    callback: float


class Timed(Callback):
    """The log, with the processor time that is spent in it."""

    def __init__(self, log: Callback) -> None:
        self.log = log
        self.hears = log.hears
        self.step_every = log.step_every
        self.used = 0.0

    def __call__(self, event: Event) -> None:
        start = time.thread_time()
        self.log(event)
        self.step_every = self.log.step_every
        self.used += time.thread_time() - start


@contextmanager
def terminal() -> Generator[None]:
    """Inside, stderr is a terminal; a process reads what is written there, and throws it away."""
    ours, theirs = pty.openpty()
    reader = subprocess.Popen(
        ["cat"], stdin=ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(ours)
    kept = sys.stderr
    with os.fdopen(theirs, "w") as sys.stderr:
        try:
            yield
        finally:
            sys.stderr = kept
    reader.wait()


def fit(work: Workload, epochs: int, log: str | None) -> Times:
    """The times of one `fit`."""
    model = lampas.Model(work.net())
    model.compile(torch.optim.Adam(model.parameters(), lr=work.lr), work.loss, ["accuracy"])
    with tempfile.TemporaryDirectory() as folder, terminal():
        callbacks = [] if log is None else [Timed(LOGS[log](folder))]
        start, used = time.perf_counter(), time.process_time()
        model.fit(work.x, work.y, batch_size=work.batch_size, epochs=epochs, verbose=0,
                  validation_data=(work.x_val, work.y_val), callbacks=callbacks)  # fmt: skip
        wall, used = time.perf_counter() - start, time.process_time() - used
    return Times(wall, used, sum(callback.used for callback in callbacks))


def runs(work: Workload, epochs: int, repeats: int, log: str) -> dict[str, list[Times]]:
    """Times of the runs without a log, of those without it again, and of those with it."""
    found: dict[str, list[Times]] = {"plain": [], "again": [], "logged": []}
    for repeat in range(repeats):
        order = list(found)
        random.Random(repeat).shuffle(order)
        for name in order:
            found[name].append(fit(work, epochs, log if name == "logged" else None))
    return found


def ratio(found: dict[str, list[Times]], what: str, of: str, to: tuple[str, ...]) -> float:
    """Median of `what` of the runs `of`, to that of the runs `to`."""
    base = [getattr(times, what) for name in to for times in found[name]]
    return statistics.median(getattr(one, what) for one in found[of]) / statistics.median(base)


def measure(key: str, repeats: int, log: str) -> None:
    """Print the ratios for one workload."""
    work, epochs, both = WORKLOADS[key](), EPOCHS[key], ("plain", "again")
    fit(work, 1, log)
    found, short = runs(work, epochs, repeats, log), runs(work, 1, repeats, log)
    epoch = 1000 * statistics.median(one.wall for one in found["plain"]) / epochs
    share = statistics.median(one.callback / one.used for one in found["logged"])
    pairs = zip(short["plain"], short["logged"], strict=True)
    once = 1000 * statistics.median(b.wall - a.wall for a, b in pairs)
    print(
        f"{work.name:12} {epochs:4} epochs of {epoch:6.1f} ms: "
        f"ratio {ratio(found, 'wall', 'logged', both):.3f} "
        f"(again {ratio(found, 'wall', 'again', ('plain',)):.3f}), "
        f"processor {ratio(found, 'used', 'logged', both):.3f} "
        f"(again {ratio(found, 'used', 'again', ('plain',)):.3f}), "
        f"callback {share:.3f}; once a run {once:.0f} ms",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", choices=LOGS, default="board")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", choices=EPOCHS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.log}: torch {torch.__version__}, Python {platform.python_version()}, "
          f"{options.threads} thread(s), medians of {options.repeats} repeats",
          flush=True)  # fmt: skip
    for key in [options.only] if options.only else ["rings", "cnn"]:
        measure(key, options.repeats, options.log)


if __name__ == "__main__":
    main()
