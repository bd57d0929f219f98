"""Malformed inputs: each works, or is one line of ours that leaves the model as it was.

    python campaigns/malformed.py [SEED [COUNT]]

COUNT inputs (5 000) to fit, evaluate and predict; half as many to the readers of bytes; some
hundreds to lampas.tabular, images, texts and timeseries and to the shell. Prints a table and the first
of each kind of failure; writes results/malformed.md. `campaigns/fuzz.py` looks further at the readers.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import torch
from malformed_cases import fits, fitted, readers
from malformed_cases.trial import Verdict

torch.set_num_threads(1)
RESULTS = Path(__file__).parent / "results" / "malformed.md"
_HEAD = """# Malformed inputs

The last run of `python campaigns/malformed.py`. Passed on is what a net's own code raised, with a note
that says in which batch. Wrong is whatever else is no error of ours of one line, warns out of a library,
or changes weights, buffers or training modes before the first step."""


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    kinds: dict[str, Callable[[Random, int], Iterator[Verdict]]] = {
        "fit, evaluate, predict": fits.trials,
        "readers of bytes": lambda random, n: readers.trials(random, n // 2),
        "tabular, images, texts, timeseries": lambda random, n: fitted.trials(random, n // 12),
        "the shell": lambda random, n: fitted.shell(random, n // 12),
    }
    lines = [
        f"Seed {seed}.",
        "",
        "| inputs | of | work | refused | passed on | wrong | seconds |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    total: Counter[str] = Counter()
    for name, trials in kinds.items():
        began = time.perf_counter()
        found = Counter(_told(trials(Random(seed), count)))
        seconds = time.perf_counter() - began
        total += found
        lines.append(_row(name, found, f"{seconds:.0f}"))
    lines.append(_row("all", total, ""))
    print("\n".join(lines))
    if count >= 5000:
        RESULTS.write_text("\n".join([_HEAD, "", *lines, ""]), encoding="utf-8")
    sys.exit(total["wrong"] > 0)


def _row(name: str, found: Counter[str], seconds: str) -> str:
    told = " | ".join(f"{found[kind]:,}" for kind in ("works", "refused", "passed on", "wrong"))
    return f"| {name} | {sum(found.values()):,} | {told} | {seconds} |"


def _told(found: Iterator[Verdict]) -> Iterator[str]:
    """The kind of each; of failures that look alike the first is printed."""
    seen: set[str] = set()
    for verdict in found:
        if verdict.kind == "wrong" and verdict.why[:45] not in seen:
            seen.add(verdict.why[:45])
            print(f"! {verdict.what}\n    {verdict.why}", flush=True)
        yield verdict.kind


if __name__ == "__main__":
    main()
