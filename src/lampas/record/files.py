"""The files of a run's folder, and how they are read and written; torch stays away."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lampas.atomic import whole_file
from lampas.errors import ArtifactError
from lampas.history import History

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


def read_json(path: Path) -> Any:
    """What `path` holds. Raises `ArtifactError` where that is no JSON, `OSError`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArtifactError(f"{path} is damaged: {error}") from error


def read_history(path: Path) -> History:
    """The rows of `path`, none where there is no such file. Raises as `History.from_csv`."""
    return History.from_csv(path) if path.is_file() else History()


def write_text(path: Path, text: str) -> None:
    """`text` and the end of its line, whole or not at all."""
    with whole_file(path) as file:
        file.write(f"{text}\n".encode())


def write_json(path: Path, values: Any) -> None:
    """Plain `values` for people to read; raises `ValueError` for nan, which JSON has not."""
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False))
