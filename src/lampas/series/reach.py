"""How far intervals reach: a factor on what was calibrated, which follows the newest errors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lampas.series.backtest import Forecasts
from lampas.tables.schema import Scalar

Reach = Mapping[Scalar | None, np.ndarray]
"""For each series the factors (targets, pairs) of its intervals, the outer pair first."""

RATE = 0.15
"""Of change: 13 % wider after a step outside an 80 % interval, 3 % narrower after one inside."""

MOST = 8.0
"""A factor is at most this, and at least its inverse."""


def stretched(said: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Quantiles (..., Q) whose distances from the median are multiplied by `factors` (..., P),
    one for each pair, the outer first; they stay in order.

    >>> stretched(np.array([[1.0, 2.0, 4.0]]), np.array([[0.5]]))
    array([[1.5, 2. , 3. ]])
    """
    pairs = said.shape[-1] // 2
    middle = said[..., [pairs]]
    ones = np.ones_like(factors[..., :1])
    each = np.concatenate([factors, ones, factors[..., ::-1]], axis=-1)
    return np.sort(middle + each * (said - middle), axis=-1)


def followed(
    found: Forecasts, levels: tuple[float, ...], reach: Reach, since: int, end: int
) -> tuple[Forecasts, Reach]:
    """The forecasts with intervals that follow the errors of the origins before, and how far
    they reach for an origin at the grid's place `end`.

    Adaptive conformal inference (Gibbs & Candès 2021, "Adaptive Conformal Inference Under
    Distribution Shift"), on the logarithm of a factor, as quantiles are tracked by Angelopoulos,
    Candès & Tibshirani 2023, "Conformal PID Control for Time Series Prediction": with m the share
    of the forecasts for a step whose interval, when it was made, missed it, and a the share that
    should miss,

        log f <- log f + RATE * (m - a)

    A step is known at origins after it alone, so that nothing of the future is used. One factor
    serves all steps ahead: what is one step ahead is known soonest, and tells of the others.
    Steps before the place `since` are passed over: `reach` has them already.
    """
    said = found.said.copy()
    newest: dict[Scalar | None, np.ndarray] = dict(reach)
    for key, mine in _rows_of(found.keys).items():
        start = newest[key] = reach[key].copy()
        for target in range(said.shape[2]):
            own = said[mine, :, target]
            errors = _distances(own, found.truth[mine, :, target])
            factors = _factors(errors, found.origins[mine], levels, start[target], since, end)
            said[mine, :, target] = stretched(own, factors[:-1, None, :])
            newest[key][target] = factors[-1]
    return replace(found, said=said), newest


def _rows_of(keys: Sequence[Scalar | None]) -> dict[Scalar | None, list[int]]:
    rows: dict[Scalar | None, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    return rows


def _distances(said: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How far the truth (N, H) is from the median, in halves of each interval of `said`
    (N, H, Q): (N, H, P), nan where it is not known."""
    middle = said.shape[-1] // 2
    median, known = said[..., [middle]], truth[..., None]
    lower = median - said[..., :middle]
    upper = said[..., :middle:-1] - median
    half = np.where(known < median, lower, upper)
    error = np.abs(known - median)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error == 0, 0.0, error / half)


def _factors(
    distances: np.ndarray, origins: np.ndarray, levels: tuple[float, ...], start: np.ndarray,
    since: int, end: int,
) -> np.ndarray:  # fmt: skip
    """The factors (N + 1, P) at each of the origins (N,), which rise, and at `end`."""
    pairs, horizon = len(start), distances.shape[1]
    wanted = np.array([1 - (levels[-1 - pair] - levels[pair]) for pair in range(pairs)])
    now, made = start, np.empty((len(origins) + 1, pairs))
    for place in range(int(origins[0]), end):
        first, last = np.searchsorted(origins, [place - horizon, place], side="right")
        if last > first and origins[last - 1] == place:
            made[last - 1] = now
        rows = np.arange(first, last)
        far = distances[rows, place - origins[rows]]
        known = ~np.isnan(far).any(axis=1)
        if place >= since and known.any():
            missed = (far > made[rows])[known].mean(axis=0)
            now = np.clip(now * np.exp(RATE * (missed - wanted)), 1 / MOST, MOST)
    made[-1] = now
    return made
