"""The files of a run's folder, and how they are written."""

import json
from pathlib import Path
from typing import Any

from lampas.atomic import whole_file

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


def write_text(path: Path, text: str) -> None:
    """`text` and the end of its line, whole or not at all."""
    with whole_file(path) as file:
        file.write(f"{text}\n".encode())


def write_json(path: Path, values: Any) -> None:
    """Plain `values` for people to read; raises `ValueError` for nan, which JSON has not."""
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False))
