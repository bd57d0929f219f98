"""Time of a training step, as a ratio to hand-written loops, in one run; and peak memory.

    python benchmarks/loop.py [--repeats 7] [--threads 1] [--json FILE]

Contenders are interleaved: each repeat runs all of them one after the other in an order of its
own; the figure is the median of the repeats. Everything is on the CPU, where nothing is
asynchronous: no synchronisation is needed. A run is timed whole: making the net and optimiser,
the epochs, and their validation. Memory is the peak resident set of a process of its own for
each contender, less nothing: torch itself is in it for all.
"""

import argparse
import json
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from contenders import CONTENDERS
from workloads import WORKLOADS, Workload


def measure(work: Workload, repeats: int) -> dict[str, dict[str, float]]:
    """Median seconds, their spread and the scores of each contender."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    scores = {name: run(work) for name, run in CONTENDERS.items()}  # warms up, too
    for repeat in range(repeats):
        order = list(CONTENDERS)
        random.Random(repeat).shuffle(order)
        for name in order:
            start = time.perf_counter()
            CONTENDERS[name](work)
            seconds[name].append(time.perf_counter() - start)
    return {
        name: {
            "seconds": statistics.median(times),
            "lowest": min(times),
            "highest": max(times),
            "val_loss": scores[name][0],
            "val_accuracy": scores[name][1],
        }
        for name, times in seconds.items()
    }


def peak_memory(workload: str, contender: str, threads: int) -> float:
    """Peak resident memory in MB of a process that runs one contender once."""
    command = [sys.executable, __file__, "--one", workload, contender, "--threads", str(threads)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def report(work: Workload, found: dict[str, dict[str, float]], memory: dict[str, float]) -> None:
    """One table: time a step, ratios to both hand-written loops, memory, scores."""
    steps = work.epochs * -(-len(work.x) // work.batch_size)
    by_hand, usual = found["best by hand"]["seconds"], found["usual script"]["seconds"]
    print(f"\n{work.name}: batch {work.batch_size}, {steps} steps, {work.epochs} epochs")
    print(f"{'':20} {'us/step':>9} {'/ by hand':>9} {'/ usual':>8} {'spread':>13} "
          f"{'peak MB':>8} {'val_loss':>9} {'val_acc':>8}")  # fmt: skip
    for name, row in found.items():
        spread = f"{row['lowest'] / by_hand:.2f}-{row['highest'] / by_hand:.2f}"
        print(f"{name:20} {1e6 * row['seconds'] / steps:9.0f} {row['seconds'] / by_hand:9.3f} "
              f"{row['seconds'] / usual:8.3f} {spread:>13} {memory[name]:8.0f} "
              f"{row['val_loss']:9.4f} {row['val_accuracy']:8.3f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", choices=WORKLOADS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", nargs=2, metavar=("WORKLOAD", "CONTENDER"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.one:
        CONTENDERS[options.one[1]](WORKLOADS[options.one[0]]())
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    print(
        f"torch {torch.__version__}, Python {platform.python_version()}, "
        f"{options.threads} thread(s), median of {options.repeats} interleaved repeats"
    )
    everything = {}
    for key in [options.only] if options.only else WORKLOADS:
        work = WORKLOADS[key]()
        memory = {name: statistics.median(peak_memory(key, name, options.threads) for _ in range(3))
                  for name in CONTENDERS}  # fmt: skip
        found = measure(work, options.repeats)
        report(work, found, memory)
        everything[key] = {name: row | {"peak_mb": memory[name]} for name, row in found.items()}
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
