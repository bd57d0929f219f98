"""Scores on held-out data of images, texts and time series: medians of three seeds.

    LAMPAS_DATA=... python benchmarks/quality.py [NAME ...] [--seeds 3] [--threads 1]

Without names, all cases. Each seed decides the initial weights, the order of samples and the
validation split; the held-out data are the same for all seeds unless a case says otherwise. The
goals stand beside the figures; what misses its goal is marked.
"""

import argparse
import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

MODULES = ("quality_images", "quality_texts", "quality_series")
Scores = dict[str, float]
Case = Callable[[int], Scores]


def main() -> None:
    cases, goals = gathered()
    arguments = read(sorted(cases))
    if not os.environ.get("LAMPAS_DATA"):
        print("LAMPAS_DATA is not set: named data sets are looked for in the cache", flush=True)
    threads(arguments.threads)
    for name in arguments.names or cases:
        show(name, cases[name], goals.get(name, ""), arguments.seeds)


def gathered() -> tuple[dict[str, Case], dict[str, str]]:
    """The cases of all kinds of data, and the goals beside them."""
    cases: dict[str, Case] = {}
    goals: dict[str, str] = {}
    for module in MODULES:
        found = importlib.import_module(module)
        cases |= found.CASES
        goals |= found.GOALS
    return cases, goals


def read(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in names]
    if unknown:
        parser.error(f"unknown {unknown[0]!r}; there are {', '.join(names)}")
    return arguments


def threads(count: int) -> None:
    import torch

    torch.set_num_threads(count)


def show(name: str, case: Case, goal: str, seeds: int) -> None:
    """A line a score: its median, its values, and the goal once."""
    began = time.perf_counter()
    runs = [case(seed) for seed in range(seeds)]
    seconds = (time.perf_counter() - began) / seeds
    print(f"\n{name}: median of {seeds} seeds, {seconds:.0f} s each; goal: {goal or 'none'}")
    for score in runs[0]:
        values = [run[score] for run in runs]
        listed = " ".join(f"{value:.4f}" for value in values)
        print(f"  {score:28} {statistics.median(values):10.4f}   ({listed})", flush=True)


if __name__ == "__main__":
    main()
