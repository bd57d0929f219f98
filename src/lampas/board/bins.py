"""A histogram in few numbers. NumPy alone: the process that writes the log has no torch."""

import math
from dataclasses import dataclass

import numpy as np

MOST = 30
"""Bins of a histogram: as many as TensorBoard draws. The checksum of an event is computed in
Python, 80 ns a byte, so torch's 1500 bins would cost a millisecond for each tensor."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Counts of values in equal bins from the lowest to the highest.

    `edges`: one more than `counts`. `count`, `total`, `squares`: how many finite values, their
    sum, the sum of their squares.
    """

    low: float
    high: float
    count: int
    total: float
    squares: float
    edges: list[float]
    counts: list[int]


def of_values(values: np.ndarray) -> Bins | None:
    """The bins of an array of any shape and real dtype; nan and infinity are left out.

    None where no finite value is left.

    >>> of_values(np.array([0.0, 1.0, 1.0])).counts
    [1, 0, 2]
    >>> of_values(np.array([np.nan])) is None
    True
    """
    flat = values.reshape(-1).astype(np.float64)
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return None
    low, high = float(flat.min()), float(flat.max())
    edges = edges_between(low, high, flat.size)
    counts = [flat.size] if len(edges) == 2 else _counts(flat, edges)
    return Bins(low, high, flat.size, float(flat.sum()), float(flat.dot(flat)), edges,
                counts)  # fmt: skip


def _counts(flat: np.ndarray, edges: list[float]) -> list[int]:
    last = len(edges) - 2
    places = (flat - edges[0]) * ((last + 1) / (edges[-1] - edges[0]))
    return np.bincount(places.astype(np.int64).clip(0, last), minlength=last + 1).tolist()


def edges_between(low: float, high: float, count: int) -> list[float]:
    """The edges of equal bins for `count` values from `low` to `high`: 2·√count, at most `MOST`.

    >>> edges_between(0.0, 1.0, 2), edges_between(3.0, 3.0, 7)
    ([0.0, 0.5, 1.0], [2.5, 3.5])
    """
    width = high - low
    # A constant has no width; beyond the range of floats, or below their steps, there is none.
    if not (0.0 < width < math.inf) or low + width / MOST == low or high - width / MOST == high:
        return [low - 0.5, high + 0.5] if width == 0.0 else [low, high]
    return np.linspace(low, high, min(MOST, int(2 * math.sqrt(count))) + 1).tolist()
