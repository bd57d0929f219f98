import numpy as np
import pandas as pd
import pytest

import lampas


def wave(rows: int, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    """A week's cycle on a slow rise."""
    steps = np.arange(rows)
    cycle = 5 * np.sin(2 * np.pi * steps / 7)
    return 50 + 0.1 * steps + cycle + noise * np.random.default_rng(seed).normal(size=rows)


@pytest.fixture(scope="session")
def sales() -> pd.DataFrame:
    """200 days of one series."""
    return pd.DataFrame({"day": pd.date_range("2024-01-01", periods=200), "sold": wave(200)})


@pytest.fixture(scope="session")
def shops() -> pd.DataFrame:
    """Two series of different size and length, with a covariate of either kind."""
    parts: list[pd.DataFrame] = []
    for name, rows, size in (("north", 160, 1.0), ("south", 120, 1000.0)):
        days = pd.date_range("2024-06-08", periods=160)[160 - rows :]
        offer = np.random.default_rng(rows).integers(0, 2, rows).astype(float)
        sold = size * (wave(rows, seed=len(parts)) + 6 * offer)
        parts.append(
            pd.DataFrame({"shop": name, "day": days, "sold": sold, "offer": offer, "rain": offer})
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def fitted(sales) -> lampas.SeriesModel:
    return lampas.timeseries(
        sales, "sold", time="day", horizon=7, backtest=28, validation=0.2, epochs=400, verbose=0
    )
