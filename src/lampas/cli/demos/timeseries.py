"""`lampas demo timeseries`: a week of covid-19 cases ahead, from a table that comes along."""

import shutil
import sys
import time
from typing import TYPE_CHECKING

import pandas as pd

from lampas.atomic import whole_file
from lampas.callbacks.run_log import RunLog
from lampas.cli import report, runs
from lampas.cli.kinds import KINDS
from lampas.cli.output import table
from lampas.cli.progress import display
from lampas.cli.sketch import curves
from lampas.cli.threads import spare_cores
from lampas.datasets import load
from lampas.series.task import timeseries

if TYPE_CHECKING:
    from lampas.series.series_model import SeriesModel

TARGETS = ("confirmed_num", "cured_num", "dead_num")
HELD_OUT = 7  # days


def demo(out: str | None, seed: int, force: bool) -> None:
    """Train on 40 days, forecast the last 7 from each day, beside naive, drift and last week."""
    data = pd.concat(load("covid19"))
    with runs.new_folder(out, "demo-timeseries", force=force) as folder:
        spare_cores(len(data))
        log, began = RunLog(folder), time.perf_counter()
        fitted = timeseries(
            data, TARGETS, time="date", horizon=HELD_OUT, backtest=HELD_OUT, seed=seed,
            callbacks=[*display(quiet=False, verbose=False), log], verbose=0,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        report.require_an_epoch(fitted)
        print(f"covid-19.csv: {fitted.settings['about']}\n")
        run = runs.save(folder, fitted, seconds, log.gauged)
        with whole_file(folder / "forecast.png") as file:
            fitted.plot().savefig(file, format="png", dpi=100)
    report.training(fitted, seconds, sys.stdout)
    print(_beside_the_truth(fitted, data), end="\n\n")
    print(report.held_out(fitted), end="\n\n")
    print(report.whereabouts(folder, run, None, KINDS["timeseries"].after))
    report.end(fitted)


def _beside_the_truth(fitted: "SeriesModel", data: pd.DataFrame) -> str:
    """A sketch and a table of the held-out week, forecast from the day before it began."""
    found = fitted.forecast(HELD_OUT, data.iloc[:-HELD_OUT])
    parts = [f"The last {HELD_OUT} days, forecast from the day before them"]
    width = min(shutil.get_terminal_size().columns, 100)
    rows: list[list[str]] = []
    for target in TARGETS:
        ahead = found[found["target"] == target]
        truth = data[target].tail(HELD_OUT)
        for (_, row), value in zip(ahead.iterrows(), truth, strict=True):
            inside = row["q10"] <= value <= row["q90"]
            rows.append([
                target, f"{row['date']:%Y-%m-%d}", f"{row['median']:,.0f}",
                f"{row['q10']:,.0f} to {row['q90']:,.0f}", f"{value:,.0f}", "" if inside else "x",
            ])  # fmt: skip
    parts.append(_sketch(found, data, width))
    head = ["", "day", "forecast", "80 % interval", "truth", ""]
    parts.append(f"{table(head, rows, words=2)}\n  x: outside of the interval")
    return "\n\n".join(parts)


def _sketch(found: pd.DataFrame, data: pd.DataFrame, width: int) -> str:
    """Two targets side by side, from three weeks before the forecast on."""
    drawn: dict[str, list[float]] = {}
    for target in TARGETS[1:]:
        values = data[target].tail(3 * HELD_OUT).tolist()
        ahead = found[found["target"] == target]["median"].tolist()
        drawn[target] = values[:-HELD_OUT] + ahead
        drawn[f"val_{target}"] = values
    sketch = curves(drawn, width).replace(
        "· training   o held out", "o truth   · forecast beside it"
    )
    return f"{sketch}; {3 * HELD_OUT} days"
