"""`predict` and `evaluate` beside loops by hand, as rows grow: what a call costs, and what a batch.

    python benchmarks/inference.py [--workload rings] [--rows 1000,4000,100000] [--repeats 7]

By hand are the loops of `by_hand.py` without gradients, over slices of `--batch-size` rows (the
validation's by default). "same batches" is told that size; "as called" is `model.predict(x)`, which
chooses one. Everything is on the CPU and one thread: nothing is asynchronous. All take turns;
figures are medians, each of as many calls as take a twentieth of a second.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from by_hand import score_by_hand, validation_size
from workloads import EVERYTHING, Workload

import lampas

_LEAST = 0.05  # seconds of one measurement


def calls(work: Workload, rows: int, size: int) -> dict[str, dict[str, Callable[[], Any]]]:
    """For each verb: by hand, with the same batches, and as it is called."""
    times = -(-rows // len(work.x))
    x, y = torch.cat([work.x] * times)[:rows], torch.cat([work.y] * times)[:rows]
    net, model = work.net().eval(), lampas.Model(work.net())
    model.compile("adam", work.loss, metrics=["accuracy"])

    def predict_by_hand() -> torch.Tensor:
        with torch.no_grad():
            return torch.cat([net(part) for part in x.split(size)])

    return {
        "predict": {
            "by hand": predict_by_hand,
            "same batches": lambda: model.predict(x, batch_size=size),
            "as called": lambda: model.predict(x),
        },
        "evaluate": {
            "by hand": lambda: score_by_hand(work, net, x, y, size),
            "same batches": lambda: model.evaluate(x, y, batch_size=size),
            "as called": lambda: model.evaluate(x, y),
        },
    }


def seconds(call: Callable[[], Any]) -> float:
    """Of one call: the median of several."""
    found: list[float] = []
    while sum(found) < _LEAST or len(found) < 3:
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def medians(ways: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats):
        turns = list(ways)
        random.Random(repeat).shuffle(turns)
        for name in turns:
            found[name].append(seconds(ways[name]))
    return {name: statistics.median(times) for name, times in found.items()}


def row(verb: str, rows: int, size: int, found: dict[str, float]) -> str:
    """Milliseconds by hand, ratios, and what a call and a batch take more."""
    hand, same, called = found["by hand"], found["same batches"], found["as called"]
    batches = -(-rows // size)
    cells = [verb, f"{rows:,}", f"{batches:,}", f"{1e3 * hand:.3g}", f"{1e6 * hand / batches:.0f}",
             f"{same / hand:.2f}", f"{1e3 * (same - hand):+.2f}",
             f"{1e6 * (same - hand) / batches:+.1f}", f"{called / hand:.2f}"]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--workload", default="rings", choices=list(EVERYTHING))
    parser.add_argument("--rows", default="1000,4000,10000,100000")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    work = EVERYTHING[asked.workload]()
    size = asked.batch_size or validation_size(work)
    print(f"{work.name}, batches of {size}, torch {torch.__version__}, one thread, medians of "
          f"{asked.repeats} repeats\n")  # fmt: skip
    head = ["", "rows", "batches", "by hand, ms", "µs a batch", "same batches", "ms a call more",
            "µs a batch", "as called"]  # fmt: skip
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for rows in map(int, asked.rows.split(",")):
        for verb, ways in calls(work, rows, size).items():
            print(row(verb, rows, size, medians(ways, asked.repeats)), flush=True)


if __name__ == "__main__":
    main()
