"""What any forecast must beat: naive, seasonal naive and drift, from the whole past of a series."""

import numpy as np

BASELINES = ("naive", "seasonal naive", "drift")
"""Their names, in the order of `forecasts`."""


def forecasts(values: np.ndarray, origins: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The baselines' forecasts (3, O, horizon, T) of a series `values` (n, T).

    origins (O,): the row of the first step to forecast; only rows before it are used.
    naive: the last value. seasonal naive: that of one season before (naive for a season of 1, or
    where the past is shorter). drift: the line through the first and the last value. As in
    Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", section 5.2.

    >>> forecasts(np.array([[1.0], [2.0], [3.0]]), np.array([3]), 2, 2)[:, 0, :, 0].tolist()
    [[3.0, 3.0], [2.0, 3.0], [4.0, 5.0]]
    """
    ahead = np.arange(horizon)
    last = values[origins - 1][:, None, :]
    naive = np.repeat(last, horizon, axis=1)
    back = origins[:, None] - season + ahead % season
    seasonal = np.where((back >= 0)[..., None], values[np.maximum(back, 0)], naive)
    slope = (values[origins - 1] - values[0]) / np.maximum(origins - 1, 1)[:, None]
    drift = last + slope[:, None, :] * (ahead + 1)[None, :, None]
    return np.stack([naive, seasonal, drift])
