"""What a run leaves in its folder for its page: predictions, mistakes, the summary."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from lampas.atomic import whole_file
from lampas.evidence import Evidence
from lampas.fitted import Fitted, summarized

if TYPE_CHECKING:
    from lampas.series.series_model import SeriesModel

EVIDENCE, TABLE, SUMMARY = "evidence.json", "held_out.csv", "summary.txt"
_CELL = 300  # letters of a cell or a text that are kept


def record(folder: Path, fitted: Fitted) -> None:
    """Write what the page needs beside the run's own files: `held_out.csv`, a row for each
    held-out sample with truth and prediction; `evidence.json`, the worst mistakes as they look;
    `summary.txt`. Of a time series, its history and forecast are in `evidence.json`."""
    _write(folder / SUMMARY, str(summarized(fitted)))
    if fitted.noun == "window":
        _write(folder / EVIDENCE, json.dumps(_series(cast("SeriesModel", fitted))))
        return
    evidence = fitted.evidence()
    if evidence is not None:
        with whole_file(folder / TABLE) as file:
            evidence.table().to_csv(file, index_label=fitted.noun)
        _write(folder / EVIDENCE, json.dumps(_plain(evidence), ensure_ascii=False))


def _write(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(f"{text}\n".encode())


def _plain(evidence: Evidence) -> dict[str, Any]:
    places = evidence.worst()
    shown = evidence.show(places)
    return {
        "task": evidence.task,
        "targets": [str(name) for name in evidence.truth],
        "classes": [[str(name) for name in names] for names in evidence.classes],
        "mistakes": [
            {
                "name": str(evidence.truth.index[place]),
                "true": _words(evidence.truth.iloc[place]),
                "said": _words(evidence.predicted.iloc[place][list(evidence.truth)]),
                "probability": _probability(evidence, int(place)),
                **{name: _cell(cell) for name, cell in one.items()},
            }
            for place, one in zip(places, shown, strict=True)
        ],
    }


def _words(row: pd.Series) -> str:
    return ", ".join(f"{value:.5g}" if isinstance(value, float) else str(value) for value in row)


def _probability(evidence: Evidence, place: int) -> float | None:
    """What the prediction was given, where it was a class."""
    if evidence.task not in ("binary", "multiclass"):
        return None
    return float(evidence.probabilities()[place].max())


def _cell(cell: Any) -> Any:
    """A cell as plain JSON: pictures as base64, other things as words."""
    if isinstance(cell, bytes):
        return base64.b64encode(cell).decode()
    words = "" if cell is None or cell is pd.NaT or cell != cell else str(cell)
    return words if len(words) <= _CELL else f"{words[:_CELL]} …"


def _series(model: "SeriesModel") -> dict[str, Any]:
    """History, and the forecast where it needs no covariates that only the user knows."""
    panel = model.panel
    history = [
        {"series": None if one.key is None else str(one.key), "target": name,
         "time": [_stamp(stamp) for stamp in panel.stamps[one.first : one.end]],
         "values": one.values[:, place].tolist()}
        for one in panel.series[:4] for place, name in enumerate(model.columns.targets)
    ]  # fmt: skip
    found: dict[str, Any] = {"task": "timeseries", "history": history, "forecast": []}
    if model.needed.known:
        return found
    frame = model.forecast()
    columns = model.columns
    frame[columns.time] = frame[columns.time].map(_stamp)
    renamed = frame.rename(columns={columns.time: "time", **({columns.series: "series"}
                                    if columns.series else {})})  # fmt: skip
    if columns.series:
        renamed["series"] = renamed["series"].map(str)
    found["forecast"] = renamed.to_dict("records")
    return found


def _stamp(stamp: Any) -> Any:
    return stamp.isoformat() if isinstance(stamp, pd.Timestamp) else int(stamp)
