"""Damage checkpoints and saved models in every way, and see what Lampas makes of them.

    python campaigns/damage.py                   # 2 400 damages
    python campaigns/damage.py --count 300 --seed 1

Runs of `kill_jobs.py` leave folders of whole checkpoints: in the middle of an epoch, between two,
at the end. Copies of them are damaged, and each is given to the very call of `fit` that wrote it:
it must stand, bit for bit, where the newest whole checkpoint was taken, having named each damaged
one in a line, or be refused in one line with model, optimisers, random states and folder as they
were. Where an editor has made all checksums right again, what is taken must be what the file now
says, and go on to an end without an error that is not ours. Saved models likewise. Exit code 1
where one went wrong.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from damage_artifacts import artifact_trials, make_artifacts
from damage_trials import AS_EDITED, OLDER, REFUSED, WHOLE, Ground, Trial, trials
from damages import DAMAGES, FORGED
from kills import digest

from lampas.state.folder import Folder

_RESULTS = Path(__file__).parent / "results" / "damage.md"
_KEEP = 3
JOBS = ("mlp", "cnn", "lstm", "stepped")
MOMENTS: dict[str, Callable[[Folder, int], bool]] = {
    "inside": lambda folder, number: folder.read(number).is_inside,
    "between": lambda folder, number: not folder.read(number).is_inside,
    "finished": lambda folder, number: True,
}

Found = Iterator[tuple[str, str]]


def grounds(place: Path, jobs: tuple[str, ...], moments: tuple[str, ...]) -> list[Ground]:
    """Folders of whole checkpoints: of each job, the newest at each of the moments."""
    made: list[Ground] = []
    for job in jobs:
        Trial(job, place / job).run()
    for index, job in enumerate(jobs):
        other, wanted = place / f"{jobs[index - 1]}-other", digest(job, None)
        if not other.exists():
            shutil.copytree(place / jobs[index - 1], other)
        for moment in moments:
            folder = place / f"{job}-{moment}"
            shutil.copytree(place / job, folder)
            _cut_back(folder, moment)
            made.append(Ground(job, folder, other, wanted=wanted).learn())
    return made


def _cut_back(folder: Path, moment: str) -> None:
    """Take away what is newer than the moment, and all but some of what is older."""
    there = Folder(folder)
    names = list(there.names().items())
    if moment != "finished":
        names = [(number, name) for number, name in names if not name.endswith("-end")]
    first = next(i for i, (number, _) in enumerate(names) if MOMENTS[moment](there, number))
    kept = [name for _, name in names[first : first + _KEEP]]
    for one in folder.iterdir():
        if one.name not in kept:
            shutil.rmtree(one)


def of_checkpoints(
    place: Path, count: int, chance: random.Random,
    jobs: tuple[str, ...] = JOBS, moments: tuple[str, ...] = tuple(MOMENTS),
) -> Found:  # fmt: skip
    """`count` damages of checkpoints, a third of them with checksums made right again."""
    made = grounds(place, jobs, moments)
    share = -(-count // (3 * len(made)))
    for ground in made:
        yield from trials(ground, DAMAGES, 2 * share, place / "trial", chance)
        for kind, found in trials(ground, FORGED, share, place / "trial", chance):
            yield f"signed anew, {kind}", found


def of_artifacts(place: Path, count: int, chance: random.Random) -> Found:
    """`count` damages of saved models."""
    made = make_artifacts(place)
    for artifact in made:
        yield from artifact_trials(artifact, -(-count // len(made)), place, chance)


def table(title: str, found: list[tuple[str, str]]) -> list[str]:
    """A line for each kind of damage."""
    columns = (WHOLE, OLDER, AS_EDITED, REFUSED)
    kinds = list(dict.fromkeys(kind for kind, _ in found))
    lines = [f"| {title} | count | {' | '.join(columns)} | wrong |", "|---" * 7 + "|"]
    for name, of in [*((kind, {kind}) for kind in kinds), ("all", set(kinds))]:
        counts = Counter(one.partition(":")[0] for kind, one in found if kind in of)
        cells = [name, counts.total(), *(counts[one] for one in columns), counts["wrong"]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def main() -> int:
    """The campaign; 0 where nothing went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2400, help="of damages, in all")
    parser.add_argument("--seed", type=int, default=0, help="of the damages")
    parser.add_argument("--write", action="store_true", help=f"the tables, into {_RESULTS.name}")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as place:
        saved = list(of_artifacts(Path(place), asked.count // 4, chance))
        kept = list(of_checkpoints(Path(place), asked.count - len(saved), chance))
    lines = [*table("checkpoints", kept), "", *table("saved models", saved)]
    print("\n".join(lines))
    wrong = [f"{kind}: {found}" for kind, found in [*kept, *saved] if found.startswith("wrong")]
    print("\n".join(wrong), file=sys.stderr)
    if asked.write:
        about = f"torch {torch.__version__}, Python {sys.version.split()[0]}, seed {asked.seed}"
        total = len(kept) + len(saved)
        _RESULTS.parent.mkdir(exist_ok=True)
        _RESULTS.write_text("\n".join([f"# {total} damages ({about})", "", *lines, ""]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
