"""Scores of held-out samples with the intervals that other samples might have given."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lampas.evidence import Evidence
from lampas.page.measures import Weighted, measures

_DRAWS = 300
_SHARE = 0.95
_AT_ONCE = 1 << 16  # weights of some draws: 512 KiB stay in the cache, and take half the time


@dataclass(frozen=True, slots=True)
class Score:
    """A score, and the interval that holds 95 % of its bootstrap draws."""

    name: str
    value: float
    low: float
    high: float


def scores_of(evidence: Evidence, seed: int = 0) -> list[Score]:
    """The scores of the task, each with a percentile interval.

    The bootstrap (Efron 1979): as many samples as there are, drawn with replacement 300 times,
    as weights; the interval is from the 2.5 to the 97.5 percentile. It knows of the samples'
    chance alone, and not of other seeds of the training. What a draw does not define is left out.
    """
    known = measures(evidence)
    found = over_draws(list(known.values()), len(evidence), _DRAWS, seed)
    whole = np.ones((1, len(evidence)))
    return [
        _score(name, float(measure(whole)[0]), values)
        for (name, measure), values in zip(known.items(), found, strict=True)
    ]


def _score(name: str, value: float, found: np.ndarray) -> Score:
    known = found[np.isfinite(found)]
    edges = (1 - _SHARE) / 2, (1 + _SHARE) / 2
    low, high = np.quantile(known, edges) if len(known) else (np.nan, np.nan)
    return Score(name, value, float(low), float(high))


def over_draws(scores: list[Weighted], count: int, number: int, seed: int) -> np.ndarray:
    """Each of the S `scores` under the same `number` D of draws of `count` samples (S, D)."""
    parts = [np.stack([score(w) for score in scores]) for w in draws(count, number, seed)]
    return np.concatenate(parts, axis=1)


def draws(count: int, number: int, seed: int) -> Iterator[np.ndarray]:
    """How often each of `count` samples is in each of `number` draws of as many, with
    replacement: in parts (D, count), float64.

    >>> [part.sum(axis=1).tolist() for part in draws(3, 2, seed=0)]
    [[3.0, 3.0]]
    """
    random = np.random.default_rng(seed)
    most = max(1, _AT_ONCE // count)
    for first in range(0, number, most):
        rows = min(most, number - first)
        drawn = random.integers(0, count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count) * 1.0
