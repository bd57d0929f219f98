"""Hostile files of every kind that Lampas reads: does code run, does memory burst, is it told well?

    python campaigns/hostile.py [WORD]

Each case is tried in a process of its own (Linux alone). WORD: the groups whose name holds it.
Held: no payload's file is made; what must be refused is refused by one line of ours; the peak of
the process is at most twice the file beyond what an honest file of its kind takes, and some
megabytes of noise. Prints a table, and writes results/hostile.md where all groups were tried.
"""

import os
import sys
import tempfile
import warnings
from collections import defaultdict
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch: a fork keeps no threads
sys.path.insert(0, str(Path(__file__).parent))

from hostile_cases import artifacts, bases, media, pages, runs, tables, torch_files
from hostile_cases.case import CANARY, Case
from trial import Outcome, command, tried

NOISE = 24 << 20  # bytes: modules that are imported late, and the allocator's habits
RESULTS = Path(__file__).parent / "results" / "hostile.md"


def main() -> None:
    warnings.simplefilter("ignore")
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        (folder / "honest").mkdir()
        honest = bases.make(folder / "honest")
        baselines = _baselines(honest)
        cases = [case for case in _cases(honest, folder) if word in case.group]
        found = [(case, *_judged(case, folder / str(n), baselines)) for n, case in enumerate(cases)]
    table = _table(found)
    print(table)
    if not word:
        RESULTS.write_text(f"{_HEAD}\n\n{table}\n", encoding="utf-8")
    sys.exit(any(complaint for _, _, complaint, _ in found))


_HEAD = """# Hostile files

The last run of `python campaigns/hostile.py`. A case is held when no code ran, what must be refused
was refused by one line of ours, and memory stayed within twice the file beyond an honest file's, and
24 MiB of noise. Headers of JSON may take 256 MiB more, and do take over twice their size: Python's objects
are larger than what they were read from; so may a table of one cell of 5 MB, 96 MiB, as any of that size."""


def _cases(honest: dict[str, Path], folder: Path) -> list[Case]:
    return [
        *artifacts.cases(honest),
        *torch_files.cases(),
        *media.cases(),
        *tables.cases(honest),
        *runs.cases(),
        *pages.cases(),
    ]


def _baselines(honest: dict[str, Path]) -> dict[str, int]:
    """The peak of reading an honest file, by kind; "" is that of the least."""
    found = {"": tried(artifacts.load(honest["model"])).peak}
    for kind, path in honest.items():
        one = tried(artifacts.load(path) if kind == "model" else artifacts.use(path))
        assert one.kind == "opened", f"{kind}: {one}"
        found[kind] = max(one.peak, tried(command(["summary", str(path)]), shell=True).peak)
    return found


def _judged(case: Case, folder: Path, baselines: dict[str, int]) -> tuple[Outcome, str, int]:
    """What came of it, what is wrong with that ("" where all is held), and the file's size."""
    folder.mkdir()
    place = case.make(folder)
    size = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) or 1
    outcome = tried(case.action(place), case.shell)
    complaint = _wrong(case, outcome, place)
    if not complaint and (folder / CANARY).exists():
        complaint = "CODE RAN"
    over = outcome.peak - baselines[case.like if case.like in baselines else ""] - NOISE
    if not complaint and over > 2 * size + case.room:
        complaint = f"takes {outcome.peak >> 20} MiB for {size >> 10} KiB"
    if complaint:
        print(f"! {case.group}: {case.name}: {complaint}\n    {outcome.said[:600]}", flush=True)
    return outcome, complaint, size


def _wrong(case: Case, outcome: Outcome, place: Path) -> str:
    if outcome.kind in ("died", "raised"):
        return f"{outcome.kind}: {outcome.said.splitlines()[0] if outcome.said else ''}"
    if case.must and outcome.kind != case.must:
        return f"{outcome.kind}, where it must be {case.must}"
    if "Traceback (most recent" in outcome.said:
        return "a traceback"
    if outcome.kind == "refused" and not case.shell and len(outcome.said.splitlines()) != 1:
        return "not one line"
    if outcome.kind == "refused" and case.shell and outcome.said.count("lampas: error: ") != 1:
        return "not one line"
    if outcome.kind == "refused" and len(outcome.said) > 2000:
        return f"a line of {len(outcome.said):,} letters"
    return case.check(place, outcome.said)


def _table(found: list[tuple[Case, Outcome, str, int]]) -> str:
    groups: dict[str, list[tuple[Case, Outcome, str, int]]] = defaultdict(list)
    for one in found:
        groups[one[0].group].append(one)
    lines = [
        "| kind | cases | held | refused | opened, harmless | code run | highest peak (MiB) | slowest (s) |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, ones in [*groups.items(), ("all", found)]:
        kinds = [outcome.kind for _, outcome, _, _ in ones]
        lines.append(
            f"| {name} | {len(ones)} | {sum(not told for _, _, told, _ in ones)} "
            f"| {kinds.count('refused')} | {kinds.count('opened')} "
            f"| {sum(told == 'CODE RAN' for _, _, told, _ in ones)} "
            f"| {max(outcome.peak for _, outcome, _, _ in ones) >> 20} "
            f"| {max(outcome.seconds for _, outcome, _, _ in ones):.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
