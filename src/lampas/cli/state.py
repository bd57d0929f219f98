"""`lampas state`: what the checkpoints of a run hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lampas.cli.output import json_line, table
from lampas.errors import ArtifactError

if TYPE_CHECKING:
    from lampas.state.folder import Folder
    from lampas.state.state import State


def state(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, or of checkpoints.")],
    json: Annotated[
        bool, typer.Option("--json", help="A JSON object a checkpoint, in the place of tables.")
    ] = False,
) -> None:
    """The checkpoints of a run: where each stands, which are whole, and what the newest holds.

    Every byte is checked; the exit code is 1 where one is damaged. A run that was cut off goes on
    with `lampas train ... --resume`, or with the same call of `fit(checkpoint=...)`.

    \b
    Examples:
      lampas state runs/titanic
      lampas state run --json
    """
    from lampas.state.folder import Folder

    folder = Folder(_folder(run))
    found = [_read(folder, number) for number in folder.numbers()]
    if not found:
        raise ArtifactError(_nothing(run))
    if json:
        for name, one in found:
            print(json_line(_plain(name, one)))
    else:
        print(_list(found))
        whole = [(name, one) for name, one in found if not isinstance(one, ArtifactError)]
        if whole:
            print(f"\n{_told(*whole[0])}")
    if any(isinstance(one, ArtifactError) for _, one in found):
        raise typer.Exit(1)


def _nothing(run: str) -> str:
    from lampas.cli.runs import MODEL

    if (Path(run) / MODEL).is_file():
        return f"{run} holds a whole run: its state went when its model was saved"
    return (
        f"{run} holds no checkpoint: name the folder of a run that `lampas train` did not finish, "
        "or that of fit(checkpoint=...)"
    )


def _folder(run: str) -> Path:
    from lampas.cli.runs import CHECKPOINTS

    path = Path(run)
    if not path.exists():
        raise ArtifactError(f"{run} is not there: check the path")
    return path / CHECKPOINTS if (path / CHECKPOINTS).is_dir() else path


def _read(folder: "Folder", number: int) -> "tuple[str, State | ArtifactError]":
    name = folder.place(number).name
    try:
        return name, folder.read(number)
    except ArtifactError as error:
        return name, error


def _list(found: "list[tuple[str, State | ArtifactError]]") -> str:
    """A line a checkpoint, the best one marked."""
    from lampas.state.shown import where

    best = [one.position["best"] for _, one in found if not isinstance(one, ArtifactError)]
    number = int(best[0][1]) if best and best[0] else 0
    rows: list[list[str]] = []
    for name, one in found:
        is_best = name == f"checkpoint-{number:06d}"
        place = str(one) if isinstance(one, ArtifactError) else where(one)
        rows.append([name, f"{place}, the best" if is_best else place])
    return table(["checkpoint", "stands"], rows, words=2)


def _told(name: str, found: "State") -> str:
    from lampas.state.shown import facts, held

    parts = [[one.name, f"{one.tensors:,}", f"{one.bytes:,}"] for one in held(found)]
    width = max(map(len, facts(found)))
    lines = [f"  {key.ljust(width)}  {line}" for key, line in facts(found).items()]
    return "\n".join([name, *lines, "", table(["part", "tensors", "bytes"], parts)])


def _plain(name: str, found: "State | ArtifactError") -> dict[str, Any]:
    if isinstance(found, ArtifactError):
        return {"checkpoint": name, "whole": False, "error": str(found)}
    position = found.position
    return {
        "checkpoint": name,
        "whole": True,
        "epoch": int(position["epoch"]),
        "step": int(position["step"]),
        "steps": int(position["before"]) + int(position["step"]),
        "finished": found.is_finished,
        "exact": not found.about["doubts"],
    }
