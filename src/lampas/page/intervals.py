"""Scores of held-out samples with the intervals that other samples might have given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

from lampas.evidence import Evidence

_DRAWS = 300
_SHARE = 0.95

Weighted = Callable[[np.ndarray], float]


@dataclass(frozen=True, slots=True)
class Score:
    """A score, and the interval that holds 95 % of its bootstrap draws."""

    name: str
    value: float
    low: float
    high: float


def scores_of(evidence: Evidence, seed: int = 0) -> list[Score]:
    """The scores of the first target's task, each with a percentile interval.

    The bootstrap (Efron 1979): as many samples as there are, drawn with replacement 300 times,
    as weights; the interval is from the 2.5 to the 97.5 percentile. It knows of the samples'
    chance alone, and not of other seeds of the training. What a draw does not define is left out.
    """
    random = np.random.default_rng(seed)
    count = len(evidence)
    draws = random.multinomial(count, np.full(count, 1 / count), size=_DRAWS).astype(np.float64)
    return [_score(name, score, draws) for name, score in _measures(evidence).items()]


def _score(name: str, score: Weighted, draws: np.ndarray) -> Score:
    found = np.array([score(draw) for draw in draws])
    known = found[np.isfinite(found)]
    edges = (1 - _SHARE) / 2, (1 + _SHARE) / 2
    low, high = np.quantile(known, edges) if len(known) else (np.nan, np.nan)
    return Score(name, score(np.ones(draws.shape[1])), float(low), float(high))


def _measures(evidence: Evidence) -> dict[str, Weighted]:
    match evidence.task:
        case "regression":
            return _of_numbers(evidence)
        case "multilabel":
            return _of_labels(evidence)
        case _:
            return _of_classes(evidence)


def _of_classes(evidence: Evidence) -> dict[str, Weighted]:
    true, given = evidence.codes(), evidence.probabilities()
    said = given.argmax(1)
    right = (said == true).astype(np.float64)
    surprise = -np.log(np.clip(given[np.arange(len(true)), true], 1e-15, 1))
    found: dict[str, Weighted] = {
        "accuracy": lambda w: float(np.average(right, weights=w)),
        "log loss": lambda w: float(np.average(surprise, weights=w)),
    }
    if given.shape[1] == 2:
        found |= {
            "roc_auc": _if_both(true, lambda w: metrics.roc_auc_score(
                true, given[:, 1], sample_weight=w)),
            "average_precision": _if_both(true, lambda w: metrics.average_precision_score(
                true, given[:, 1], sample_weight=w)),
        }  # fmt: skip
    average = "binary" if given.shape[1] == 2 else "macro"
    found["f1"] = lambda w: _f1(true, said, average, w)
    return found


def _f1(true: np.ndarray, said: np.ndarray, average: str, w: np.ndarray) -> float:
    none: Any = 0.0  # what a class that is never said counts; scikit-learn's hint knows words alone
    found = metrics.f1_score(true, said, average=average, sample_weight=w, zero_division=none)
    return float(found)


def _if_both(true: np.ndarray, score: Callable[[np.ndarray], float]) -> Weighted:
    """nan where a draw holds one class alone."""

    def weighted(w: np.ndarray) -> float:
        ones = w[true == 1].sum()
        return float(score(w)) if 0 < ones < w.sum() else float("nan")

    return weighted


def _of_labels(evidence: Evidence) -> dict[str, Weighted]:
    names = list(evidence.truth)
    right = (evidence.truth.astype(str) == evidence.predicted[names].astype(str)).to_numpy(float)
    every, each = right.min(axis=1), right.mean(axis=1)
    return {
        "accuracy": lambda w: float(np.average(each, weights=w)),
        "all labels right": lambda w: float(np.average(every, weights=w)),
    }


def _of_numbers(evidence: Evidence) -> dict[str, Weighted]:
    found: dict[str, Weighted] = {}
    for name in evidence.truth:
        of = f" of {name}" if len(evidence.truth.columns) > 1 else ""
        found |= {f"{key}{of}": score for key, score in _of_one(evidence, str(name)).items()}
    return found


def _of_one(evidence: Evidence, name: str) -> dict[str, Weighted]:
    true = pd.to_numeric(evidence.truth[name]).to_numpy(dtype=np.float64)
    error = evidence.predicted[name].to_numpy(dtype=np.float64) - true

    def r2(w: np.ndarray) -> float:
        spread = np.average((true - np.average(true, weights=w)) ** 2, weights=w)
        return float(1 - np.average(error**2, weights=w) / spread) if spread > 0 else float("nan")

    return {
        "mae": lambda w: float(np.average(np.abs(error), weights=w)),
        "rmse": lambda w: float(np.sqrt(np.average(error**2, weights=w))),
        "r2": r2,
    }
