"""What is kept of a fitted net for tables, images, texts or time series."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from lampas.fitted import Fitted, summarized
from lampas.record.about import described, ended
from lampas.record.evidence import write_evidence
from lampas.record.files import EVIDENCE, HISTORY, RUN, write_json, write_text

if TYPE_CHECKING:
    from lampas.series.series_model import SeriesModel


def keep_fitted(folder: Path, fitted: Fitted, more: Mapping[str, Any]) -> None:
    """Write history, summary, predictions of held-out samples and the description of a run, with
    what `more` is known of it."""
    fitted.history.to_csv(folder / HISTORY)
    memory = described(folder, summarized(fitted), fitted.settings.get("batch_size"))
    if fitted.noun == "window":
        found = _series(cast("SeriesModel", fitted))
        write_text(folder / EVIDENCE, json.dumps(found))
    else:
        evidence = fitted.evidence()
        if evidence is not None:
            write_evidence(folder, evidence, fitted.noun)
    held_out = fitted.noun == "window" or fitted.settings["validation_rows"]
    scores = {"metrics" if held_out else "training_metrics": fitted.metrics}
    about = ended(fitted.history, fitted.settings, scores)
    write_json(folder / RUN, {**about, **more, **memory, **fitted.describe()})


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
