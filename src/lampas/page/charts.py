"""What the page draws, as plain values: its script makes the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.calibration import calibration_curve

from lampas.evidence import Evidence
from lampas.history import History

_POINTS = 400  # of a line; more would be a heavier page and the same picture
_CLASSES = 20  # of a matrix


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture: `kind` is "lines", "points", "bars" or "matrix"; `series` what it draws, each with
    a name and [x, y] pairs, or of a matrix its rows. `mark`: an x that is marked, with its word."""

    kind: str
    title: str
    x: str
    y: str
    series: Sequence[dict[str, Any]]
    mark: tuple[float, str] | None = None
    note: str = ""
    labels: Sequence[str] = field(default_factory=tuple)
    dates: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is no number becomes null."""
        return {
            "kind": self.kind, "title": self.title, "x": self.x, "y": self.y,
            "series": list(self.series), "mark": self.mark, "note": self.note,
            "labels": list(self.labels), "dates": self.dates,
        }  # fmt: skip


def line(name: str, x: Any, y: Any, **style: Any) -> dict[str, Any]:
    """A series of finite points, thinned out where there are very many."""
    pairs = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    if len(pairs) > _POINTS:
        pairs = pairs[np.unique(np.linspace(0, len(pairs) - 1, _POINTS).round().astype(int))]
    points = [[x, float(f"{y:.6g}")] for x, y in pairs.tolist()]
    return {"name": name, "points": points, **style}


def curves(history: History, without: str = "") -> list[Chart]:
    """A chart for the loss and each metric, training and held out, with the best epoch marked;
    none for the column `without`, which has another."""
    frame = history.frame
    names = dict.fromkeys(name.removeprefix("val_") for name in history.columns)
    names.pop(without, None)
    best = _best(history)
    return [
        Chart(
            "lines", name, "epoch", name,
            [line(label, frame["epoch"], frame[column], role=role)
             for column, label, role in ((name, "training", "a"), (f"val_{name}", "held out", "b"))
             if column in frame],
            mark=best if name != "lr" else None,
        )
        for name in sorted(names, key=lambda name: name != "loss")
    ]  # fmt: skip


def _best(history: History) -> tuple[float, str] | None:
    epoch = history.best_epoch if "val_loss" in history.columns else None
    return None if epoch is None else (float(epoch), f"best epoch {epoch}")


def of_evidence(evidence: Evidence) -> list[Chart]:
    """The charts that suit the task."""
    match evidence.task:
        case "regression":
            return [chart for name in evidence.truth for chart in _numbers(evidence, str(name))]
        case "multilabel":
            return []
        case _:
            return _classes(evidence)


def _classes(evidence: Evidence) -> list[Chart]:
    true, given = evidence.codes(), evidence.probabilities()
    charts = [_confusion(evidence, true, given.argmax(1))]
    if given.shape[1] == 2 and 0 < true.mean() < 1:
        charts += _thresholds(evidence, true, given[:, 1])
    charts.append(_calibration(true, given))
    return charts


def _confusion(evidence: Evidence, true: np.ndarray, said: np.ndarray) -> Chart:
    names = [str(name) for name in evidence.classes[0]]
    counts = metrics.confusion_matrix(true, said, labels=np.arange(len(names)))
    note = ""
    if len(names) > _CLASSES:
        wrong = counts.sum(1) - counts.diagonal()
        kept = np.sort(np.argsort(-wrong, kind="stable")[:_CLASSES])
        counts, names = counts[np.ix_(kept, kept)], [names[place] for place in kept]
        note = f"the {_CLASSES} classes with the most mistakes"
    return Chart("matrix", "Confusion matrix", "predicted", "true",
                 [{"name": "count", "rows": counts.tolist()}], labels=names, note=note)  # fmt: skip


def _thresholds(evidence: Evidence, true: np.ndarray, share: np.ndarray) -> list[Chart]:
    positive = evidence.classes[0][1]
    false, found, _ = metrics.roc_curve(true, share)
    precision, recall, _ = metrics.precision_recall_curve(true, share)
    chance = {"name": "chance", "points": [[0, 0], [1, 1]], "role": "c"}
    base = float(true.mean())
    return [
        Chart("lines", "ROC", "false positives", "true positives",
              [line(f"{positive}", false, found, role="a"), chance]),
        Chart("lines", "Precision and recall", "recall", "precision",
              [line(f"{positive}", recall[::-1], precision[::-1], role="a"),
               {"name": "chance", "points": [[0, base], [1, base]], "role": "c"}]),
    ]  # fmt: skip


def _calibration(true: np.ndarray, given: np.ndarray) -> Chart:
    """Of samples that were given about p, how many were so (the second of two classes, else the
    one that was said)."""
    if given.shape[1] == 2:
        share, right = given[:, 1], true
    else:
        share, right = given.max(1), (given.argmax(1) == true).astype(int)
    bins = int(np.clip(len(true) // 30, 2, 10))
    seen, said = calibration_curve(right, share, n_bins=bins, strategy="quantile")
    return Chart(
        "lines", "Calibration", "probability given", "share that was so",
        [line("model", said, seen, role="a", dots=True),
         {"name": "as it should be", "points": [[0, 0], [1, 1]], "role": "c"}],
        note=f"{bins} groups of as many samples",
    )  # fmt: skip


def _numbers(evidence: Evidence, name: str) -> list[Chart]:
    true = pd.to_numeric(evidence.truth[name]).to_numpy(dtype=np.float64)
    said = evidence.predicted[name].to_numpy(dtype=np.float64)
    low, high = float(min(true.min(), said.min())), float(max(true.max(), said.max()))
    counts, edges = np.histogram(said - true, bins="auto" if len(true) < 5000 else 60)
    middle = (edges[1:] + edges[:-1]) / 2
    same = {"name": "the same", "points": [[low, low], [high, high]], "role": "c"}
    return [
        Chart("points", f"{name}: predicted beside true", "true", "predicted",
              [line("sample", *_some(true, said), role="a"), same]),
        Chart("bars", f"{name}: residuals", "predicted less true", "samples",
              [line("samples", middle, counts, role="a", width=float(edges[1] - edges[0]))]),
    ]  # fmt: skip


def _some(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Rows by chance where there are very many: a line would be thinned out evenly."""
    if len(columns[0]) <= _POINTS:
        return columns
    kept = np.random.default_rng(0).choice(len(columns[0]), _POINTS, replace=False)
    return tuple(column[kept] for column in columns)


def forecast(target: str, past: pd.Series, ahead: pd.DataFrame) -> Chart:
    """History and forecast of one target: `past` by time, `ahead` by time with its quantiles."""
    dates = isinstance(past.index, pd.DatetimeIndex)
    levels = sorted(name for name in ahead.columns if name[:1] == "q" and name[1:2].isdigit())
    low, high = levels[0] if levels else "median", levels[-1] if levels else "median"
    low, high = sorted((low, high), key=lambda name: float(name[1:]) if name != "median" else 0)
    x = _places(ahead.index)
    band = np.column_stack([x, ahead[low].to_numpy(float), ahead[high].to_numpy(float)])
    return Chart(
        "lines", target, "time", target,
        [line("history", _places(past.index), past.to_numpy(float), role="a"),
         line("forecast", x, ahead["median"].to_numpy(float), role="b"),
         {"name": "interval", "points": band.tolist(), "role": "b", "band": True}],
        dates=dates,
    )  # fmt: skip


def _places(index: pd.Index) -> np.ndarray:
    """Stamps as numbers: dates in milliseconds, as a browser counts them."""
    if isinstance(index, pd.DatetimeIndex):
        return (
            (index.tz_localize(None) if index.tz is not None else index)
            .astype("datetime64[ms]")
            .astype(np.int64)
            .to_numpy(dtype=float)
        )
    return index.to_numpy(dtype=float)
