"""The logs of runs, for TensorBoard: made while `lampas train` runs, or from what it saved."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from lampas.board.place import has_events
from lampas.cli.request import Request
from lampas.cli.runs import MODEL
from lampas.errors import ArtifactError, LampasError
from lampas.history import History
from lampas.record.files import checked, is_inside, read_about

BOARD = "board"


def logged(request: Request, folder: Path) -> Request:
    """`request` with a log in `folder`, in the place of that of the run it replaces."""
    from lampas.board.needs import require_tensorboard
    from lampas.callbacks import TensorBoard

    require_tensorboard("--board")
    shutil.rmtree(folder, ignore_errors=True)
    told = {
        name: value
        for name, value in (("net", request.net), ("seed", request.seed))
        if value is not None
    }
    log = TensorBoard(folder, hparams=told)
    return replace(request, callbacks=[*request.callbacks, log])


def runs_below(folder: Path) -> Iterator[Path]:
    """The folders of runs of `lampas train`: `folder` itself, or those below it."""
    for model in sorted(folder.rglob(MODEL)):
        yield model.parent


def write_missing(run: Path) -> bool:
    """Write into RUN/board what history.csv and run.json tell, where the run has no log.

    Whether there was something to write. Raises `ArtifactError` for files that are not what
    `lampas train` writes, `OSError` where nothing can be written.
    """
    if has_events(run / BOARD):
        return False
    from lampas.board.writer import Board

    if not is_inside(run / BOARD):
        raise ArtifactError(f"{run / BOARD} is a link out of its folder: take it away")
    rows, described = _history(run / "history.csv"), _description(run / "run.json")
    with Board(run / BOARD / "validation") as validation, Board(run / BOARD / "train") as train:
        for epoch, row in rows:
            train.scalars({f"epoch/{n}": v for n, v in row.items() if n[:4] != "val_"}, epoch)
            held_out = {f"epoch/{n[4:]}": v for n, v in row.items() if n[:4] == "val_"}
            validation.scalars(held_out, epoch)
        train.hparams(_plain(described.get("settings")), _numbers(described.get("metrics")))
        told = json.dumps(described, indent=2, ensure_ascii=False)
        train.text("run", _indented(told))
        train.text("summary", _indented(_summary(run)))
    return True


def _history(path: Path) -> list[tuple[int, dict[str, float]]]:
    try:
        rows = History.from_csv(checked(path)).rows
        return [(int(row.pop("epoch")), row) for row in map(dict, rows)]
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing, and the run has no log to show") from None


def _description(path: Path) -> dict[str, Any]:
    try:
        return read_about(path)
    except (OSError, ArtifactError):
        return {}


def _summary(run: Path) -> str:
    """The layers, where they can be shown without code of the user's."""
    from lampas.cli.summary import of_run

    try:
        return of_run(str(run), None, None)
    except LampasError as error:
        return str(error)


def _indented(text: str) -> str:
    """Markdown that keeps lines and columns as they are."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _plain(given: Any) -> dict[str, bool | int | float | str | None]:
    values = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {}
    return {
        name: value if isinstance(value, bool | int | float | str | None) else json.dumps(value)
        for name, value in values.items()
        if name != "about"
    }


def _numbers(given: Any) -> dict[str, float]:
    values = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {}
    return {name: float(value) for name, value in values.items() if value is not None}
