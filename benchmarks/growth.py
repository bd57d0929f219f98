"""How the time of a step grows with rows, with weights and with metrics, beside the best loop by
hand.

    python benchmarks/growth.py [--what rows,weights,metrics] [--repeats 3] [--largest 10000000]

Everything is on the CPU and one thread: nothing is asynchronous. Contenders take turns; figures are
medians. A run has at least two epochs; Lampas is timed after the first of them, in which a step is
traced and compiled, a loop by hand as a whole.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from by_hand import best_by_hand
from torch import nn
from workloads import Workload, rings

import lampas

Timed = Callable[[Workload], float]
METRICS = ["accuracy", "precision", "recall", "f1", "brier", "log_loss", "roc_auc"]


def by_hand(work: Workload) -> float:
    """Seconds of an epoch."""
    start = time.perf_counter()
    best_by_hand(work)
    return (time.perf_counter() - start) / work.epochs


def by_lampas(work: Workload, *, jit: bool, metrics: tuple[str, ...] = ("accuracy",)) -> float:
    """Seconds of an epoch, after the first."""
    ends: list[float] = []
    model = lampas.Model(work.net())
    adam = torch.optim.Adam(model.parameters(), lr=work.lr)
    model.compile(adam, work.loss, metrics=list(metrics), jit=jit)
    model.fit(
        work.x, work.y, batch_size=work.batch_size, epochs=work.epochs, verbose=0,
        validation_data=(work.x_val, work.y_val), callbacks=lambda _: ends.append(now()),
    )  # fmt: skip
    return (ends[-1] - ends[0]) / (work.epochs - 1)


now = time.perf_counter
LOOPS: dict[str, Timed] = {
    "by hand": by_hand,
    "eager": partial(by_lampas, jit=False),
    "jit": partial(by_lampas, jit=True),
}


def medians(
    works: dict[str, Workload], loops: dict[str, Timed], repeats: int, least: int
) -> dict[str, dict[str, float]]:
    """Microseconds a step of each loop on each workload, all in turns, after a round that is not
    timed: what the machine does meanwhile falls on all alike. A run is of about `least` steps, or
    of two epochs where these are longer."""
    steps = {size: -(-len(work.x) // work.batch_size) for size, work in works.items()}
    works = {
        size: replace(work, epochs=max(2, least // steps[size])) for size, work in works.items()
    }
    pairs = [(size, name) for size in works for name in loops]
    found: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    for repeat in range(repeats + 1):
        random.Random(repeat).shuffle(pairs)
        for size, name in pairs:
            seconds = loops[name](works[size])
            if repeat:
                found[size, name].append(1e6 * seconds / steps[size])
    return {size: {name: statistics.median(found[size, name]) for name in loops} for size in works}


def with_rows(rows: int) -> Workload:
    """Two numbers and a label a row; an MLP of 61 weights, whose step is all overhead."""
    work, generator = rings(), torch.Generator().manual_seed(rows)
    x = torch.randn(rows, 2, generator=generator)
    y = (x.norm(dim=1, keepdim=True) > 1).float()
    return replace(work, x=x, y=y, x_val=x[:100], y_val=y[:100])


def with_weights(width: int) -> Workload:
    """An MLP of three layers, about `width`² weights."""

    def net() -> nn.Module:
        return nn.Sequential(
            nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)
        )

    return replace(with_rows(10_000), make_net=net)


def rows_table(asked: argparse.Namespace) -> None:
    loops = {name: LOOPS[name] for name in asked.loops.split(",")}
    against = [name for name in loops if name != "by hand"]
    ratios = [f"{name} / by hand" for name in against] + [f"{name} / at 10⁴" for name in against]
    _head(["rows", *loops, *ratios])
    sizes = [10**power for power in range(3, 8) if 10**power <= asked.largest]
    works = {f"{rows:,}": with_rows(rows) for rows in sizes}
    found = medians(works, loops, asked.repeats, asked.least)
    base = found.get("10,000", found[f"{sizes[-1]:,}"])
    for rows, one in found.items():
        values = [one[name] / one["by hand"] for name in against]
        _row(rows, one, values + [one[name] / base[name] for name in against])


def weights_table(asked: argparse.Namespace) -> None:
    _head(["weights", *LOOPS, "eager / by hand", "jit / by hand"])
    works = {f"{width * width + 5 * width + 1:,}": with_weights(width)
             for width in (4, 16, 64, 256, 1024)}  # fmt: skip
    for weights, one in medians(works, LOOPS, asked.repeats, asked.least // 5).items():
        _row(weights, one, [one[name] / one["by hand"] for name in ("eager", "jit")])


def metrics_table(asked: argparse.Namespace) -> None:
    loops: dict[str, Timed] = {"none": partial(by_lampas, jit=False, metrics=())}
    for name in METRICS:
        loops[name] = partial(by_lampas, jit=False, metrics=(name,))
    loops["all seven"] = partial(by_lampas, jit=False, metrics=tuple(METRICS))
    (found,) = medians({"": with_rows(10_000)}, loops, asked.repeats, asked.least).values()
    _head(["metrics", "µs a step", "more than none"])
    for name, value in found.items():
        print(f"| {name} | {value:.0f} | {value - found['none']:.0f} |")


def _head(cells: list[str]) -> None:
    print(f"\n| {' | '.join(cells)} |\n{'|---' * len(cells)}|")


def _row(first: str, found: dict[str, float], ratios: list[float]) -> None:
    cells = [first, *(f"{value:.0f}" for value in found.values())]
    print(f"| {' | '.join(cells + [f'{ratio:.2f}' for ratio in ratios])} |", flush=True)


TABLES = {"rows": rows_table, "weights": weights_table, "metrics": metrics_table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", default=",".join(TABLES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--largest", type=int, default=10**7, help="rows")
    parser.add_argument("--least", type=int, default=2000, help="steps of a run")
    parser.add_argument("--loops", default=",".join(LOOPS), help="of the table of rows")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread, medians of {asked.repeats} repeats; µs a step")
    for name in asked.what.split(","):
        TABLES[name](asked)


if __name__ == "__main__":
    main()
