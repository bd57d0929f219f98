"""`lampas runs`: the runs below a folder, a line each."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lampas.cli.output import Plain, count, json_line, table
from lampas.errors import InputError, unknown_name
from lampas.printing import visible

if TYPE_CHECKING:
    from lampas.comparison.found import FoundRun

_SCORES = 4  # columns; of more the table would be wider than most terminals
_OF_EACH = 2  # where some runs have other scores than others


def runs(
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="[FOLDER...]", help="Where to look; runs.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="METRIC", help="The best first, and not the newest.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="A JSON object a run, in the place of the table.")
    ] = False,
) -> None:
    """The runs of `lampas train` below a folder: when, what, how long, and how well.

    The scores are those on what each run held out, perhaps not the same samples: `lampas compare`
    tells whether two runs differ by more than chance. A run that is under way or was cut off,
    that failed, or whose files are damaged, is marked as such.

    \b
    Examples:
      lampas runs
      lampas runs runs --sort roc_auc
      lampas runs --json
    """
    found = sorted(_found(folders or ["runs"]), key=lambda run: run.when, reverse=True)
    if sort is not None:
        found = _sorted(found, sort)
    if json:
        for run in found:
            print(json_line(_plain(run)))
        return
    print(_table(found, sort))
    for run in found:
        if run.reason:
            print(f"\n{visible(run.reason)}")


def _found(folders: Sequence[str]) -> "list[FoundRun]":
    from lampas.comparison.found import runs_below

    for folder in folders:
        if not Path(folder).is_dir():
            raise InputError(f"{folder}: no such folder; name one that holds runs")
    found = {run.folder.resolve(): run for folder in folders for run in runs_below(Path(folder))}
    if not found:
        raise InputError(f"{', '.join(folders)}: no run of `lampas train` there or below")
    return list(found.values())


def _sorted(found: "list[FoundRun]", metric: str) -> "list[FoundRun]":
    """The best by `metric` first; those without it last, as they stood."""
    from lampas.monitor import lower_is_better

    names = {name for run in found for name in run.metrics or {}}
    if metric not in names:
        raise unknown_name("--sort", metric, names)
    try:
        sign = 1 if lower_is_better(metric) else -1
    except InputError as error:
        raise InputError(
            f"--sort {metric}: the name does not say whether more or less of it is better"
        ) from error

    def key(run: "FoundRun") -> float:
        return sign * (run.metrics or {}).get(metric, sign * float("inf"))

    return sorted(found, key=key)


def _table(found: "Sequence[FoundRun]", sort: str | None) -> str:
    names = _main(found, sort)
    head = ["run", "when", "data", "net", "epochs", "best", *names, "time", ""]
    rows = [_row(run, names) for run in found]
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    shown = [[row[place] for place in kept] for row in rows]
    words = sum(place < 4 for place in kept)
    return f"{count(len(found), 'run')}\n{table([head[place] for place in kept], shown, words)}"


def _main(found: "Sequence[FoundRun]", sort: str | None) -> list[str]:
    """The first scores of the runs, those of most runs first; before them the one sorted by."""
    sets = Counter(tuple(run.metrics) for run in found if run.metrics).most_common()
    of_each = _SCORES if len(sets) == 1 else _OF_EACH
    names = [name for scores, _ in sets for name in scores[:of_each]]
    return list(dict.fromkeys([*([sort] if sort else []), *names]))


def _row(run: "FoundRun", names: Sequence[str]) -> list[str]:
    from lampas.printing import duration, number

    scores = run.metrics or {}
    return [
        str(run.folder), f"{run.when.astimezone():%Y-%m-%d %H:%M}", run.kind, run.net,
        _text(run.epochs), _text(run.best),
        *(number(scores[name]) if name in scores else "" for name in names),
        "" if run.seconds is None else duration(run.seconds),
        "" if run.state == "done" else run.state,
    ]  # fmt: skip


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _plain(run: "FoundRun") -> dict[str, Plain]:
    return {
        "run": str(run.folder), "state": run.state, "when": run.when.isoformat(),
        "data": run.kind or None, "net": run.net or None, "epochs": run.epochs, "best": run.best,
        "seconds": run.seconds, **(run.metrics or {}),
        **({"reason": run.reason} if run.reason else {}),
    }  # fmt: skip
