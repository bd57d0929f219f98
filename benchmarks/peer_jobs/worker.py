"""The process of one contender of `peers.py`, which takes orders; or a fresh one, run once.

    python worker.py MODULE CLASS THREADS            # orders on stdin, a line of JSON each
    python worker.py MODULE CLASS THREADS --fresh ORDER

What libraries print goes nowhere; answers are lines of JSON on the stdout that was there first.
"""

import gc
import importlib
import json
import os
import resource
import sys
import time
import traceback
import warnings
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")


@dataclass(frozen=True)
class Order:
    """One run, of which the answer is seconds and scores."""

    workload: str
    verb: str = "fit"
    epochs: int | None = None
    batch_size: int | None = None
    loader: str = "batches"


def workload(order: Order) -> Any:
    """As it is in `workloads.py`, but for what the order says."""
    from workloads import EVERYTHING

    work = EVERYTHING[order.workload]()
    wanted = {"epochs": order.epochs, "batch_size": order.batch_size}
    return replace(work, **{name: value for name, value in wanted.items() if value})


def timed(trial: Any, verb: str) -> dict[str, Any]:
    """One run; what `predict` gave is scored after the clock has stopped."""
    from trial import passes

    if verb != "fit":
        trial.ready()
    run, times = getattr(trial, verb), 1 if verb == "fit" else trial.work.epochs
    gc.collect()
    start = time.perf_counter()
    found = passes(run, times)
    seconds = time.perf_counter() - start
    if verb == "predict":
        y_pred = found.reshape(len(trial.work.y), -1)
        found = (trial.work.loss(y_pred, trial.work.y), trial.work.accuracy(y_pred, trial.work.y))
    scores = {"loss": float(found[0]), "accuracy": float(found[1])}
    return {"seconds": seconds, "steady": trial.steady if verb == "fit" else None, **scores}


def serve(kind: Any, answer: Any) -> None:
    """Trials are kept from order to order, for what they compiled; data are made once."""
    import torch

    why = getattr(kind, "why_not", lambda: None)()
    answer({
        "version": version(kind.distribution), "torch": torch.__version__, "why_not": why,
        "keeps_compiled": kind.keeps_compiled,
    })  # fmt: skip
    trials: dict[Order, Any] = {}
    for line in sys.stdin:
        order = Order(**json.loads(line))
        try:
            if order not in trials:
                trials.clear()
                trials[order] = kind(workload(order), order.loader)
            answer(timed(trials[order], order.verb))
        except Exception as error:
            traceback.print_exc()
            answer({"error": f"{type(error).__name__}: {error}".splitlines()[0]})


def once(kind: Any, order: Order) -> dict[str, float]:
    """Seconds of a first run of one batch; then peak memory in MB after a whole run."""
    work = workload(order)
    size = work.batch_size
    few = {name: getattr(work, name)[:size] for name in ("x", "y", "x_val", "y_val")}
    first = timed(kind(replace(work, epochs=1, **few), order.loader), order.verb)["seconds"]
    timed(kind(work, order.loader), order.verb)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"first": first, "peak_mb": kilobytes / (1024**2 if sys.platform == "darwin" else 1024)}


def main() -> None:
    module, name, threads, *rest = sys.argv[1:]
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    start = time.perf_counter()
    kind = getattr(importlib.import_module(module), name)
    imported = time.perf_counter() - start
    import torch

    torch.set_num_threads(int(threads))

    def answer(found: dict[str, Any]) -> None:
        os.write(out, (json.dumps(found) + "\n").encode())

    if rest:
        answer({"import": imported} | once(kind, Order(**json.loads(rest[1]))))
    else:
        serve(kind, answer)


if __name__ == "__main__":
    main()
