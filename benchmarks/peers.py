"""Lampas beside loops by hand and eight other libraries, on seven workloads, in one run.

    python benchmarks/peers.py [--peers VENV] [--workload rings,lstm] [--contenders hand,lampas]
                               [--verb fit|evaluate|predict] [--json FILE] [--write]

All do the same work from the same weights, and say what it came to: see `peer_jobs/`, where each
has a program of its own. They take turns. The other libraries live in a virtual environment of
their own, which is made where there is none; one that is not installed is left out with a line.
Contenders: usual, hand, compiled, lampas, jit, auto, lightning, barebones, keras, keras-torch,
skorch, poutyne, fastai, torchkeras, ignite, accelerate; `ours` are the first six.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "peer_jobs"))

from contest import Contest, contest  # noqa: E402
from crew import CREW, OURS, seats  # noqa: E402
from environment import RESUMED, TIMED, environment  # noqa: E402
from page import LOADERS, NOTES, about, summary, table, write  # noqa: E402
from plot import plot  # noqa: E402
from worker import Order, workload  # noqa: E402
from workloads import EVERYTHING  # noqa: E402

RESULTS = HERE / "results"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--peers", type=Path, help="their virtual environment")
    parser.add_argument("--workload", default=",".join(EVERYTHING), help="with commas between")
    parser.add_argument("--contenders", default=",".join(CREW), help="with commas between, or ours")
    parser.add_argument("--verb", choices=["fit", "evaluate", "predict"], default="fit")
    parser.add_argument("--batch-size", type=int, help="the workload's own by default")
    parser.add_argument("--epochs", type=int, help="or passes; the workload's own by default")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--processes", type=int, default=3, help="fresh, for import and memory")
    parser.add_argument("--loader", choices=LOADERS, default="batches", help="of the peers")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", action="store_true", help=f"the tables, into {RESULTS.name}/")
    asked = parser.parse_args()
    given = asked.contenders.split(",")
    names = [one for name in given for one in (OURS if name == "ours" else [name])]
    if asked.write and not {"usual", "hand"} <= set(names):
        parser.error("--write needs usual and hand, to which it gives ratios")
    asked.contenders = names
    return asked


def contests(asked: argparse.Namespace, place: Path) -> tuple[list[Contest], str]:
    """Each workload, and where it was measured."""
    names = asked.contenders
    needs = not set(names) <= set(OURS)
    python = environment(asked.peers, RESUMED, TIMED) if needs else sys.executable
    found, there = [], seats(names, python, asked.threads, place)
    try:
        for name in asked.workload.split(","):
            order = Order(name, asked.verb, asked.epochs, asked.batch_size, asked.loader)
            work = workload(order)
            found.append(contest(there, order, work, asked.repeats, asked.processes))
            print(f"\n{table(found[-1])}", flush=True)
        return found, about(there, asked.threads, asked.repeats)
    finally:
        for seat in there.values():
            seat.leave()


def publish(found: list[Contest], where: str, asked: argparse.Namespace) -> None:
    """Into the page of results, with a picture beside it."""
    RESULTS.mkdir(exist_ok=True)
    picture = RESULTS / f"peers-{asked.verb}.png"
    plot(found, picture)
    parts = [f"## `{asked.verb}`", where, NOTES.format(loader=LOADERS[asked.loader])]
    parts += [f"![Ratios to the best loop by hand]({picture.name})"]
    parts += [summary(found, base) for base in ("hand", "usual")]
    parts += [table(one) for one in found]
    write(RESULTS / "peers.md", asked.verb, "\n\n".join(parts))


def main() -> None:
    asked = arguments()
    began = time.monotonic()
    place = Path(tempfile.mkdtemp(prefix="lampas-times-"))
    try:
        found, where = contests(asked, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if all("hand" in one.results for one in found):
        print(f"\n{summary(found, 'hand')}")
    print(f"\n{where}\nIt took {(time.monotonic() - began) / 60:.1f} minutes.")
    if asked.json:
        results = {one.order.workload: {name: result.as_json() for name, result in
                                        one.results.items()} for one in found}  # fmt: skip
        asked.json.write_text(json.dumps({"about": where, "results": results}, indent=1) + "\n")
    if asked.write:
        publish(found, where, asked)


if __name__ == "__main__":
    main()
