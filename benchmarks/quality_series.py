"""Forecasts of `lampas.timeseries` on held-out steps, beside statsmodels and the baselines.

    python benchmarks/quality_series.py [SEED]

co2: monthly means at Mauna Loa, 1958-03 to 2001-12 (weekly values of statsmodels' own table; 5
months without a value are interpolated between their neighbours, none of them held out). The last
36 months are held out: from each of them, all steps up to 12 ahead that the data still hold.
statsmodels' exponential smoothing (additive trend and season) is fitted again at each origin, the
net once, on what lies before the 36 months. covid-19: the last 7 of 47 days, up to 7 ahead.
"""

import sys
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

import lampas
from lampas.cli.demos.timeseries import TARGETS
from lampas.datasets import load

HELD_OUT, HORIZON = 36, 12

Scores = dict[str, float]


def monthly_co2() -> pd.DataFrame:
    """526 months with the columns month and co2 (ppm)."""
    from statsmodels.datasets import co2

    months = co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
    return months.rename_axis("month").reset_index()


def co2(seed: int) -> Scores:
    """MAE and coverage of the net; its MAE over seasonal naive's, and over smoothing's."""
    data = monthly_co2()
    model = lampas.timeseries(
        data, "co2", time="month", horizon=HORIZON, backtest=HELD_OUT, seed=seed, verbose=0
    )
    mae = model.tested.frame.set_index("model")["mae"]
    ours, smoothing = float(mae.iloc[0]), smoothed(data["co2"].to_numpy())
    return {
        "mae": ours,
        "of seasonal naive": ours / float(mae["seasonal naive"]),
        "of exponential smoothing": ours / smoothing,
        "coverage": model.metrics["coverage"],
    }


def smoothed(values: np.ndarray) -> float:
    """The mean absolute error of exponential smoothing over the same origins and steps."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    errors: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an optimum was not reached, at some origins
        for origin in range(len(values) - HELD_OUT, len(values)):
            steps = min(HORIZON, len(values) - origin)
            past = ExponentialSmoothing(
                values[:origin], trend="add", seasonal="add", seasonal_periods=12
            )
            said = past.fit().forecast(steps)
            errors.extend(np.abs(said - values[origin : origin + steps]).tolist())
    return float(np.mean(errors))


def covid(seed: int) -> Scores:
    """For each number, the forecast's MAE over that of the best baseline."""
    model = lampas.timeseries(
        pd.concat(load("covid19")),
        TARGETS,
        time="date",
        horizon=7,
        backtest=7,
        seed=seed,
        verbose=0,
    )
    found: Scores = {}
    for target, rows in model.tested.frame.groupby("target", sort=False):
        mae = rows.set_index("model")["mae"]
        best = mae[["naive", "seasonal naive", "drift"]].min()
        found[f"{target} of the best baseline"] = float(mae.iloc[0] / best)
    return found | {"coverage": model.metrics["coverage"]}


CASES: dict[str, Callable[[int], Scores]] = {"co2": co2, "covid19": covid}
GOALS: dict[str, str] = {
    "co2": "MAE at most 0.5 of seasonal naive's and 1.1 of exponential smoothing's; coverage of "
    "the 80 % interval 0.70 to 0.90",
    "covid19": "each at most 1.1 of the best baseline",
}


if __name__ == "__main__":
    for name, case in CASES.items():
        print(f"{name} (goal: {GOALS[name]})")
        for score, value in case(int(sys.argv[1]) if len(sys.argv) > 1 else 0).items():
            print(f"  {score:40}{value:8.3f}")
