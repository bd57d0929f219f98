"""The runs below a folder, by their small files alone: no model is opened, torch stays away."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from lampas.errors import ArtifactError
from lampas.history import History
from lampas.record.files import FAILED, HISTORY, RUN, RUNNING, is_told, read_about, read_history

_MODEL = "model.lampas"
_MARKS = (RUN, HISTORY, _MODEL)  # any of them makes a folder a run


@dataclass(frozen=True, slots=True)
class FoundRun:
    """What is known of a run without opening its model.

    `state`: "done"; "stopped" by Ctrl-C, saved; "failed" by an error; "unfinished", where it is
    under way or was cut off; "no model" to predict with, where `lampas train` should have left
    one; "damaged", and then `reason` says which file and why.
    `when`: the end of the training, or the last change of a file that is left. `kind`: "table",
    "images", "texts", "series". `epochs`, `best`, `seconds`: None where nothing tells them.
    """

    folder: Path
    state: str
    when: datetime
    kind: str = ""
    net: str = ""
    epochs: int | None = None
    best: int | None = None
    seconds: float | None = None
    metrics: dict[str, float] | None = None
    reason: str = ""


def runs_below(folder: Path) -> Iterator[FoundRun]:
    """The runs in `folder` and below it, also one below another, in the order of their paths;
    hidden folders are passed by."""
    for place, below, files in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        if any(mark in files for mark in _MARKS):
            found = read(Path(place))
            if found is not None:
                yield found


def read(folder: Path) -> FoundRun | None:
    """The run in `folder`; None where a history.csv alone is no history of ours."""
    marks = [folder / name for name in _MARKS if (folder / name).is_file()]
    changed = datetime.fromtimestamp(max(path.stat().st_mtime for path in marks), UTC)
    try:
        history = read_history(folder / HISTORY)
        about = _json(folder / RUN) if folder / RUN in marks else {}
    except (ArtifactError, OSError) as error:
        is_ours = marks != [folder / HISTORY]
        return FoundRun(folder, "damaged", changed, reason=str(error)) if is_ours else None
    if is_told(about):
        return _described(folder, about, history, changed)
    when = _moment(about.get("created"), changed)
    return FoundRun(folder, "unfinished", when, epochs=len(history), best=history.best_epoch)


def _json(path: Path) -> dict[str, Any]:
    found = read_about(path)
    if not isinstance(found.get("settings"), dict) and found.get("state") != RUNNING:
        raise ArtifactError(f"{path} is damaged: it holds no description of a run")
    return found


def _described(
    folder: Path, about: dict[str, Any], history: History, changed: datetime
) -> FoundRun:
    best = _number(about.get("best_epoch"))
    return FoundRun(
        folder,
        _state(folder, about),
        _moment(about.get("created"), changed),
        kind_of(about),
        net_of(about["settings"]),
        epochs=int(_number(about.get("epochs")) or len(history)),
        best=None if best is None else int(best),
        seconds=_number(about.get("seconds")),
        metrics=_numbers(about.get("metrics")),
    )


def _state(folder: Path, about: dict[str, Any]) -> str:
    if about.get("state") == FAILED:
        return "failed"
    if kind_of(about) and not (folder / _MODEL).is_file():
        return "no model"
    interrupted = str(about.get("stopped") or "").startswith("interrupted")
    return "stopped" if interrupted else "done"


def kind_of(about: dict[str, Any]) -> str:
    """The kind of data that a run.json tells of.

    >>> kind_of({"schema": {}, "tokens": {}}), kind_of({"schema": {}}), kind_of({"clock": "days"})
    ('texts', 'table', 'series')
    """
    marks = {"clock": "series", "images": "images", "tokens": "texts", "schema": "table"}
    return next((kind for mark, kind in marks.items() if mark in about), "")


def net_of(settings: dict[str, Any]) -> str:
    """The net's name: the user's class, or the built-in one's where there are several.

    >>> net_of({"model": "nets.py:Net"}), net_of({"net": "conv"}), net_of({})
    ('Net', 'conv', '')
    """
    own = settings.get("model")
    return str(own).rpartition(":")[2] if own else str(settings.get("net") or "")


def _moment(text: Any, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return otherwise
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if known else None


def _numbers(given: Any) -> dict[str, float]:
    values = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    known = {name: _number(value) for name, value in values.items()}
    return {name: value for name, value in known.items() if value is not None}
