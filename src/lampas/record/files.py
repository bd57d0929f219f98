"""The files of a run's folder, and how they are read and written; torch stays away."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from lampas.atomic import whole_file
from lampas.errors import ArtifactError
from lampas.history import History
from lampas.record import forms
from lampas.strict_json import depth_of, json_with_nan, strict_json

_MOST_BYTES = 64 << 20  # of a file that is read whole: those of long runs have some megabytes
_DEEPEST = 50  # lists and dicts in one another

FORMAT = 1
"""Rises when older versions of Lampas could not read a new folder rightly."""

RUNNING = "running"
"""The state of a run that is under way, or was cut off."""
FAILED = "failed"
"""That of one which ended in an error."""

RUN = "run.json"
"""What it was told, what came of it, what it ran on."""
HISTORY = "history.csv"
"""Losses and metrics, a row an epoch."""
VITALS = "vitals.csv"
"""Seconds, learning rate, gradient norm and memory, a row an epoch: see `Gauge.row`."""
HELD_OUT = "held_out.csv"
"""Truth and prediction of each held-out sample."""
EVIDENCE = "evidence.json"
"""The worst mistakes as they look; of a time series its history and forecast."""
PROFILE = "profile.txt"
"""Where the time of a step went, in words and tables, where that was asked for."""
PROFILE_DATA = "profile.json"
"""The same as plain values."""
TRACE = "trace.json.gz"
"""Some steps for Perfetto or chrome://tracing, where that was asked for."""
SUMMARY = "summary.txt"
"""The net, layer by layer."""
REPORT = "report.html"
"""The page."""
CURVES = "curves.png"
"""A picture of the history."""


def sweep(folder: Path, began: float) -> None:
    """Take away what an earlier run left here but its model, which stays until there is another:
    a page or predictions beside a newer history would be of no run at all.

    began: seconds since 1970; what is younger is this run's own.
    """
    for name in (REPORT, CURVES, HELD_OUT, EVIDENCE, SUMMARY, PROFILE, PROFILE_DATA, TRACE):
        path = folder / name
        if path.is_file() and path.stat().st_mtime < began:
            path.unlink()


def is_told(about: Mapping[str, Any]) -> bool:
    """Whether a `run.json` tells what its run was made of: only the end of a run does, for what
    `lampas train` was told is not known to the log that grows with it."""
    return "settings" in about and about.get("state") != RUNNING


def read_about(path: Path) -> dict[str, Any]:
    """The description of a run in `path`. Raises `ArtifactError` where it is none, `OSError`."""
    return _checked(path, strict_json(read_text(path), _damaged(path)), forms.ABOUT)


def read_evidence(path: Path) -> dict[str, Any]:
    """What is kept of the held-out samples, where nan is a prediction. Raises as `read_about`."""
    return _checked(path, json_with_nan(read_text(path), _damaged(path)), forms.EVIDENCE)


def read_history(path: Path) -> History:
    """The rows of `path`, none where there is no such file. Raises as `History.from_csv`, and as
    `checked`."""
    return History.from_csv(checked(path)) if path.is_file() else History()


def read_text(path: Path) -> str:
    """The text in `path`. Raises `ArtifactError` for other bytes, and as `checked`; `OSError`."""
    try:
        return checked(path).read_text(encoding="utf-8")
    except ValueError as error:
        raise ArtifactError(f"{path} is damaged: {error}") from error


def checked(path: Path) -> Path:
    """`path`, the file of a run whose folder may come from anywhere.

    Raises `ArtifactError` for a link that leads out of the folder, as a page would show what it
    leads to, and for a file of more than 64 MiB; `OSError`.
    """
    if not is_inside(path):
        raise ArtifactError(f"{path} is a link out of its folder: put the file itself there")
    if path.stat().st_size > _MOST_BYTES:
        raise ArtifactError(f"{path} is damaged: it has more than {_MOST_BYTES >> 20} MiB")
    return path


def is_inside(path: Path) -> bool:
    """Whether `path`, its last links followed, lies in the folder that names it."""
    return path.resolve().is_relative_to(path.parent.resolve())


def _damaged(path: Path) -> str:
    return f"{path} is damaged: it"


def _checked(path: Path, found: Any, form: Any) -> dict[str, Any]:
    """What was found in `path`, where it is of this `form`."""
    if not isinstance(found, dict):
        raise ArtifactError(f"{path} is damaged: it holds no description of a run")
    if depth_of(found) > _DEEPEST:
        raise ArtifactError(f"{path} is damaged: it is nested too deep")
    place = forms.misfit(found, form)
    if place:
        raise ArtifactError(f"{path} is damaged: its {place!r:.80} is of another form")
    return cast("dict[str, Any]", found)


def write_text(path: Path, text: str) -> None:
    """`text` and the end of its line, whole or not at all."""
    with whole_file(path) as file:
        file.write(f"{text}\n".encode())


def write_json(path: Path, values: Any) -> None:
    """Plain `values` for people to read; raises `ValueError` for nan, which JSON has not."""
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False))
