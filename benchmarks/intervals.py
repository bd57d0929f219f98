"""How well 80 % intervals of `lampas.timeseries` hold: as calibrated, and as they follow errors.

    python benchmarks/intervals.py

Series of statsmodels (monthly CO2 before its last 36 months, which `quality_series.py` scores;
sea temperatures of El Nino; yearly sunspots; unemployment, inflation and prices of the United
States by quarters) and noise whose size stays, rises, falls or grows, each over several spans,
seed 0. For each: the share of held-out values inside, and the interval score (Winkler 1972: width
plus 10 times what it was missed by; less is better) over that of the intervals as calibrated.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from quality_series import monthly_co2

import lampas
from lampas.series.backtest import Forecasts
from lampas.series.forecasting import rolling
from lampas.series.panel import Columns, read_panel
from lampas.series.reach import followed

MISSED = 0.2

Case = tuple[str, pd.DataFrame, int, int, int]  # name, values by time, season, horizon, held out


def cases() -> Iterator[Case]:
    """Every series and span."""
    from statsmodels.datasets import elnino, macrodata, sunspots

    co2 = monthly_co2()["co2"].to_numpy()
    for back in range(1, 6):
        yield f"co2 - {36 * back}", values(co2[: len(co2) - 36 * back]), 12, 12, 36
    sea = elnino.load_pandas().data.set_index("YEAR").to_numpy(float).ravel()
    for back in range(4):
        yield f"el nino - {60 * back}", values(sea[: len(sea) - 60 * back]), 12, 12, 60
    spots = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    for back in range(3):
        yield f"sunspots - {50 * back}", values(spots[: len(spots) - 50 * back]), 1, 5, 50
    for name in ("unemp", "infl", "cpi"):
        yield name, values(macrodata.load_pandas().data[name].to_numpy()), 4, 4, 40
    draw, time = np.random.default_rng(0), np.arange(900)
    sizes = {"stays": 1 + 0 * time, "rises": np.where(time < 700, 1, 3),
             "falls": np.where(time < 700, 3, 1), "grows": 0.5 + time / 400}  # fmt: skip
    for name, size in sizes.items():
        cycle = 10 * np.sin(2 * np.pi * time / 7) + 0.02 * time
        yield f"noise that {name}", values(cycle + size * draw.normal(size=900)), 7, 7, 180


def values(found: np.ndarray) -> pd.DataFrame:
    """A table with time and value."""
    return pd.DataFrame({"time": np.arange(len(found)), "value": found})


def scored(found: Forecasts) -> tuple[float, float]:
    """The share inside, and the mean interval score."""
    low, high, truth = found.said[..., 0], found.said[..., -1], found.truth
    known = np.isfinite(truth)
    inside = ((low <= truth) & (truth <= high))[known]
    beyond = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return float(inside.mean()), float((high - low + 2 / MISSED * beyond)[known].mean())


def compared(frame: pd.DataFrame, season: int, horizon: int, held: int) -> tuple[float, ...]:
    """Coverage as calibrated and as followed, and the ratio of their scores."""
    model = lampas.timeseries(
        frame, "value", time="time", season=season, horizon=horizon, backtest=held, verbose=0
    )
    panel, begin = read_panel(frame, Columns("time", None, ("value",))), len(frame) - held
    model.reach = {}
    by = model.forecaster(panel, begin)
    plain = rolling(by, panel, season, range(begin, panel.end))
    after, _ = followed(plain, model.levels, by.reach, begin, panel.end)
    (before, cost), (now, less) = scored(plain), scored(after)
    return before, now, less / cost


def main() -> None:
    """A row a case, then the summary."""
    rows: list[tuple[float, ...]] = []
    print(f"{'':20}calibrated  followed  score")
    for name, frame, season, horizon, held in cases():
        rows.append(compared(frame, season, horizon, held))
        print(f"{name:20}{rows[-1][0]:10.2f}{rows[-1][1]:10.2f}{rows[-1][2]:7.2f}", flush=True)
    table = np.array(rows)
    for column, name in enumerate(("calibrated", "followed")):
        share = table[:, column]
        good = np.mean((share >= 0.7) & (share <= 0.9))
        far = np.abs(share - 0.8).mean()
        print(f"{name}: {good:.0%} of {len(share)} between 0.70 and 0.90, {far:.3f} from 0.80")
    print(f"score, geometric mean: {np.exp(np.log(table[:, 2]).mean()):.3f}")


if __name__ == "__main__":
    main()
