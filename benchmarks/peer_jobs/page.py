"""The tables of `peers.py` in Markdown, and what must be said beside them."""

import datetime
import math
import os
import platform
import statistics
from pathlib import Path

from contest import Contest, Result
from crew import Seat

END = "<!-- end -->"
NOTES = """Everything runs on the CPU, where nothing is asynchronous: when a call returns, its work
is done. A run is timed whole: making net and optimiser, the epochs, validation after each (the
other verbs: passes over the training rows, by a model that is there). All start from the same
weights, with Adam at the same rate; orders of shuffling differ. Each contender lives in a process
of its own; they take turns, in another order each time, after one run that is not timed. "1st
batch": from data in memory to the end of a run of one batch, in a process that ran nothing yet;
"compile": the first run of a process less a later one, from an empty cache on disk. The net
compiled by hand is kept from run to run and takes the first weights again: no repeat compiles.
Lampas trains a new model each time, whose step is traced anew and found in its cache; "once
compiled" counts every epoch as those after the first. torch leaves an LSTM uncompiled.

Everybody is at the fastest setting that its documentation has: no bars, logs, checkpoints or
summaries; Adam `fused=True` where it is torch's; larger batches where nothing is learnt. Rows come
from a DataLoader by {loader}; Keras and Lampas take tensors, and slice batches themselves. The
usual script has what most scripts have: a DataLoader of single rows, Adam at its defaults,
`.item()` each step. Lightning's barebones mode is, in its words, discouraged for regular runs.
Keras's Adam is its own, and its convolutions take images as torch lays them out. torchkeras clips
gradients and saves its best net, which cannot be switched off. skorch has no method to evaluate,
torchkeras none to predict: there it is what a user would write instead."""
LOADERS = {
    "batches": "whole batches (`__getitems__`), which is faster than by single rows",
    "rows": "single rows, as most scripts have it",
}


def table(contest: Contest) -> str:
    """One workload."""
    fits = contest.order.verb == "fit"
    unit, steps = ("step", f", {contest.steps} steps") if fits else ("pass", "")
    of = "val_" if fits else ""
    head = [f"{contest.title}: batch {contest.batch_size}, {contest.epochs} epochs{steps}",
            f"µs a {unit}", "/ by hand", "/ usual", "lowest–highest / by hand", "compile s",
            "1st batch ms", "peak MB", f"{of}loss", f"{of}accuracy"]  # fmt: skip
    return markdown(head, [_row(contest, one) for one in contest.results.values()])


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in [head, *rows]]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def _row(contest: Contest, one: Result) -> list[str]:
    by_hand, usual = (ratio_base(contest, name) for name in ("hand", "usual"))
    first, peak = one.of_fresh("first"), one.of_fresh("peak_mb")
    return [
        one.name,
        f"{1e6 * one.seconds / contest.steps:.0f}",
        number(one.seconds, by_hand, ".3f"),
        number(one.seconds, usual, ".3f"),
        f"{number(min(one.times), by_hand, '.2f')}–{number(max(one.times), by_hand, '.2f')}",
        number(one.compile_seconds, 1, ".1f"),
        number(first, 1e-3, ".0f"),
        number(peak, 1, ".0f"),
        f"{one.loss:.4f}",
        f"{one.accuracy:.3f}",
    ]


def ratio_base(contest: Contest, name: str) -> float | None:
    return contest.results[name].seconds if name in contest.results else None


def number(value: float | None, unit: float | None, form: str) -> str:
    """Nothing where there is nothing to say."""
    return "" if value is None or unit is None else format(value / unit, form)


def summary(contests: list[Contest], base: str) -> str:
    """Ratios of all workloads to one contender, their geometric mean, and the import."""
    names = list(dict.fromkeys(name for one in contests for name in one.results))
    head = [f"/ {contests[0].results[base].name}", *(one.title for one in contests)]
    head += ["geometric mean", "import s"]
    return markdown(head, [_summed(contests, name, base) for name in names])


def _summed(contests: list[Contest], name: str, base: str) -> list[str]:
    ratios = [ratio_base(one, name) and one.results[name].seconds / one.results[base].seconds
              for one in contests]  # fmt: skip
    there = [one.results[name] for one in contests if name in one.results]
    known = [one for one in ratios if one is not None]
    mean = math.exp(statistics.fmean(math.log(one) for one in known))
    imports = [fresh["import"] for one in there for fresh in one.fresh]
    return [
        there[0].name,
        *(number(one, 1, ".2f") for one in ratios),
        f"{mean:.2f}" if len(known) == len(contests) else "",
        f"{statistics.median(imports):.2f}" if imports else "",
    ]


def about(seats: dict[str, Seat], threads: int, repeats: int) -> str:
    """Machine, versions and date."""
    torches = {seat.about["torch"] for seat in seats.values()}
    versions = {
        seat.member.name.split(",")[0]: seat.about["version"]
        for seat in seats.values()
        if seat.about["version"] not in torches
    }
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"torch {' and '.join(sorted(torches))}, Python {platform.python_version()}, "
        f"{platform.system()} on {processor()}, {os.cpu_count()} cores, {threads} thread(s), "
        f"{datetime.date.today()}; medians of {repeats} repeats.{' ' * bool(named)}{named}"
    )


def processor() -> str:
    """The processor as Linux names it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def write(page: Path, verb: str, text: str) -> None:
    """Into the page, between the marks of a verb; other verbs' parts stay."""
    begin = f"<!-- {verb} -->"
    old = page.read_text("utf-8") if page.exists() else "# Lampas beside its peers\n"
    before, _, rest = old.partition(begin)
    _, _, after = rest.partition(END)
    new = f"{before.rstrip()}\n\n{begin}\n{text}\n{END}\n{after.lstrip()}"
    page.write_text(new.rstrip() + "\n", "utf-8")
