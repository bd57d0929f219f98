"""The newest rows of each series, which a saved model forecasts from."""

from typing import Any

import numpy as np
import pandas as pd

from lampas.series.clock import Clock
from lampas.series.panel import Columns, Panel, Series

_LONGEST = 10_000_000  # stamps: ten years of minutes are half as many


def newest(panel: Panel, rows: int) -> Panel:
    """The last `rows` rows of each series, on the part of the grid that they need."""
    begin = min(max(one.first, one.end - rows) for one in panel.series)
    series: list[Series] = []
    for one in panel.series:
        kept = min(rows, len(one.values))
        series.append(Series(one.key, one.end - kept - begin, one.values[-kept:], one.seen[-kept:]))
    return Panel(panel.clock, panel.columns, panel.stamps[begin:], tuple(series))


def to_json(panel: Panel) -> dict[str, Any]:
    """Plain values and arrays."""
    first = panel.stamps[0]
    start = str(first) if isinstance(first, pd.Timestamp) else int(first)
    series = [(one.key, one.first, one.values, one.seen) for one in panel.series]
    return {"start": start, "series": series}


def from_json(plain: dict[str, Any], columns: Columns, clock: Clock) -> Panel:
    """The panel that `to_json` described. Raises `ValueError` where it claims to be endless."""
    series = tuple(
        Series(key, first, np.asarray(values), np.asarray(seen))
        for key, first, values, seen in plain["series"]
    )
    end = max(one.end for one in series)
    if end > _LONGEST or min(one.first for one in series) < 0:
        raise ValueError(f"its newest rows end at place {end:,}")
    start = plain["start"]
    if isinstance(start, str):
        start = pd.Timestamp(start)
        start = start if clock.zone is None else start.tz_convert(clock.zone)
    rest = clock.after(start, end - 1)
    return Panel(clock, columns, rest.insert(0, start), series)
