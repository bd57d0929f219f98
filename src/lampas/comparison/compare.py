"""`lampas.compare`: runs beside each other, read from their folders."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lampas.comparison.against import Against, against
from lampas.comparison.differences import (
    Difference,
    Facts,
    as_dict,
    differences,
    facts_of,
    same,
)
from lampas.comparison.found import FoundRun
from lampas.comparison.found import read as read_lightly
from lampas.comparison.paired import DRAWS
from lampas.errors import ArtifactError, InputError
from lampas.page.build import Run, read
from lampas.record.files import SUMMARY


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Two or more runs beside each other; printed, it is what `lampas compare` shows.

    `names`: what the R runs are called here. `found`, `runs`: what their folders hold.
    `differences`: what is not the same in all. `same`: how many facts of each group are.
    `against`: each run but the first against the first, R − 1 of them.
    """

    names: tuple[str, ...]
    found: tuple[FoundRun, ...]
    runs: tuple[Run, ...]
    differences: tuple[Difference, ...]
    same: dict[str, int]
    against: tuple[Against, ...]

    def __str__(self) -> str:
        from lampas.comparison.text import text

        return text(self)

    __repr__ = __str__

    def to_json(self) -> dict[str, Any]:
        """Plain values: "runs", "differences", "against"; nan becomes None."""
        from lampas.printing import finite

        return finite({
            "runs": [
                {"name": name, "run": str(one.folder), "state": one.state,
                 "when": one.when.isoformat(), "epochs": one.epochs, "best": one.best,
                 "seconds": one.seconds, "metrics": one.metrics or {}}
                for name, one in zip(self.names, self.found, strict=True)
            ],
            "differences": [
                {"group": one.group, "name": one.name,
                 "values": dict(zip(self.names, one.values, strict=True))}
                for one in self.differences
            ],
            "against": [one.to_json() for one in self.against],
        })  # fmt: skip

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page of the comparison, one HTML file that needs no network; where it is.

        Raises `InputError` where nothing can be written there.
        """
        from lampas.comparison.page import write_page

        return write_page(self, Path(path))


def compare(*runs: str | os.PathLike[str], draws: int = DRAWS, seed: int = 0) -> Comparison:
    """Two or more runs of `lampas train` beside each other: what differed in data, code and
    settings, their scores, and whether these differ by more than the chance of the samples.

    runs: their folders; each but the first is compared to the first. draws, seed: of the paired
    bootstrap, see `lampas.comparison.paired.paired`. It needs the held-out samples to be shared,
    and says so where they are not; everything else is shown all the same. A run that goes on or
    was cut off has curves alone.

    Raises `InputError` for fewer than two runs, the same one twice, or different kinds of task;
    `ArtifactError` for a folder that holds no run, and for damaged files.

    >>> import lampas, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, loss in (("first", 0.5), ("second", 0.4)):
    ...         run = pathlib.Path(folder, name)
    ...         run.mkdir()
    ...         written = (run / "history.csv").write_text(f"epoch,val_loss\\n1,{loss}\\n")
    ...     found = lampas.compare(f"{folder}/first", f"{folder}/second")
    >>> found.names, [run.state for run in found.found], found.against[0].refused
    (('first', 'second'), ['unfinished', 'unfinished'], 'first has no held-out samples: ...')
    """
    folders = [Path(run) for run in runs]
    _require_some(folders)
    read_runs = [_run(folder) for folder in folders]
    names = _names(folders)
    _require_one_task(names, read_runs)
    facts = [_facts(run) for run in read_runs]
    return Comparison(
        names,
        tuple(_found(folder) for folder in folders),
        tuple(read_runs),
        tuple(differences(facts)),
        same(facts),
        tuple(
            against((names[0], name), read_runs[0], run, draws, seed)
            for name, run in zip(names[1:], read_runs[1:], strict=True)
        ),
    )


def _require_some(folders: Sequence[Path]) -> None:
    if len(folders) < 2:
        raise InputError("two runs or more are compared: name another one")
    for folder in folders:
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "no such folder"
            raise InputError(
                f"{folder}: {what}; name the folder of a run: `lampas runs` lists them"
            )
    real = [folder.resolve() for folder in folders]
    for folder, place in zip(folders, real, strict=True):
        if real.count(place) > 1:
            raise InputError(f"{folder} is named twice: a run does not differ from itself")


def _run(folder: Path) -> Run:
    try:
        return read(folder)
    except OSError as error:
        raise ArtifactError(f"{folder} cannot be read: {error.strerror or error}") from error


def _found(folder: Path) -> FoundRun:
    found = read_lightly(folder)
    if found is None or found.state == "damaged":
        reason = found.reason if found else f"{folder / 'history.csv'} is no history of a run"
        raise ArtifactError(reason)
    return found


def _names(folders: Sequence[Path]) -> tuple[str, ...]:
    """The folders' own names, or the paths as they were typed where two are alike."""
    short = [folder.resolve().name for folder in folders]
    counted = Counter(short)
    return tuple(
        name if counted[name] == 1 else str(folder)
        for name, folder in zip(short, folders, strict=True)
    )


_TASKS = {"binary": "classes", "multiclass": "classes", "regression": "numbers",
          "multilabel": "several yes/no targets", "timeseries": "a time series"}  # fmt: skip


def _require_one_task(names: Sequence[str], runs: Sequence[Run]) -> None:
    tasks = {name: task for name, run in zip(names, runs, strict=True) if (task := _task(run))}
    if len(set(tasks.values())) > 1:
        told = ", ".join(f"{name} {task}" for name, task in tasks.items())
        raise InputError(f"different kinds of task cannot be compared: {told}")


def _task(run: Run) -> str:
    """What is predicted, in words; "" where the run does not say."""
    if "clock" in run.about:
        return _TASKS["timeseries"]
    known = run.recorded.get("task") or as_dict(run.about.get("schema")).get("task")
    return _TASKS.get(str(known), "")


def _facts(run: Run) -> Facts:
    summary = run.folder / SUMMARY
    return facts_of(run.about, summary.read_text("utf-8", "replace") if summary.is_file() else "")
