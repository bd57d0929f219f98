"""Whole runs, each in a process of its own: what `jit=` costs and brings, imports and compiling
included.

    python benchmarks/whole_runs.py [--workload rings] [--epochs 1,10,100,1000] [--repeats 3]

"new": nothing was compiled on this machine before; "kept": the cache has what such a run compiles.
Seconds are those of the process, from its start to its end, with torch and Lampas imported and the
data made. Ways take turns; figures are medians. `"auto"` is to be no slower than the better of
`False` and `True` by more than 5 % or a second.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from by_hand import best_by_hand
from workloads import EVERYTHING, Workload

import lampas

WAYS = ["by hand", "False", "True, new", "True, kept", "auto, new", "auto, kept"]
SETTINGS = {"False": False, "True": True, "auto": "auto"}


def run(work: Workload, way: str) -> None:
    """Train as a script would."""
    torch.set_num_threads(1)
    if way == "by hand":
        best_by_hand(work)
        return
    model = lampas.Model(work.net())
    adam = torch.optim.Adam(model.parameters(), lr=work.lr)
    jit = SETTINGS[way.partition(",")[0]]
    model.compile(adam, work.loss, metrics=["accuracy"], jit=jit)  # type: ignore
    held_out = (work.x_val, work.y_val)
    model.fit(work.x, work.y, work.batch_size, work.epochs, 0, validation_data=held_out)


def seconds(workload: str, epochs: int, way: str, kept: Path) -> float:
    """Of a process that does nothing else."""
    command = [sys.executable, __file__, "--workload", workload, "--epochs", str(epochs)]
    with tempfile.TemporaryDirectory(prefix="lampas-runs-") as new:
        cache = Path(new) if way.endswith("new") else kept
        places = {"LAMPAS_CACHE": str(cache / "lampas"), "TORCHINDUCTOR_CACHE_DIR": str(cache)}
        start = time.perf_counter()
        subprocess.run([*command, "--way", way], env=os.environ | places, check=True)
        return time.perf_counter() - start


def medians(workload: str, lengths: list[int], ways: list[str], repeats: int) -> None:
    """Print a row for each length; what is "kept" was compiled by a run that is not timed."""
    with tempfile.TemporaryDirectory(prefix="lampas-runs-") as folder:
        kept = Path(folder)
        if any(way.endswith("kept") for way in ways):
            seconds(workload, 2, "True, kept", kept)
        for epochs in lengths:
            found: dict[str, list[float]] = {way: [] for way in ways}
            for repeat in range(repeats):
                turns = list(ways)
                random.Random(repeat).shuffle(turns)
                for way in turns:
                    found[way].append(seconds(workload, epochs, way, kept))
            print(
                row(epochs, {way: statistics.median(times) for way, times in found.items()}),
                flush=True,
            )


def row(epochs: int, found: dict[str, float]) -> str:
    """The medians; then what "auto" takes more than the better of the others."""
    cells = [f"{epochs:,}", *(f"{value:.1f}" for value in found.values())]
    for state in comparable(list(found)):
        better = min(found["False"], found[f"True, {state}"])
        auto = found[f"auto, {state}"]
        cells.append(f"{auto / better:.2f} ({auto - better:+.1f} s)")
    return f"| {' | '.join(cells)} |"


def comparable(ways: list[str]) -> list[str]:
    """Of "new" and "kept" those of which "auto" and both others run."""
    return [state for state in ("new", "kept")
            if {"False", f"True, {state}", f"auto, {state}"} <= set(ways)]  # fmt: skip


def head(ways: list[str]) -> str:
    both = [f"auto, {state} / better" for state in comparable(ways)]
    cells = ["epochs", *ways, *both]
    return f"| {' | '.join(cells)} |\n{'|---' * len(cells)}|"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", default="rings", choices=list(EVERYTHING))
    parser.add_argument("--epochs", default="1,10,100,1000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ways", default=";".join(WAYS), help="with semicolons between")
    parser.add_argument("--way", help="run this one, here")
    asked = parser.parse_args()
    lengths = [int(number) for number in asked.epochs.split(",")]
    if asked.way:
        run(replace(EVERYTHING[asked.workload](), epochs=lengths[0]), asked.way)
        return
    ways = asked.ways.split(";")
    print(f"torch {torch.__version__}, one thread, {asked.workload}; seconds, medians of "
          f"{asked.repeats} repeats\n\n{head(ways)}", flush=True)  # fmt: skip
    medians(asked.workload, lengths, ways, asked.repeats)


if __name__ == "__main__":
    main()
