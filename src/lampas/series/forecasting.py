"""Forecasts after the end of each series: in one shot, and on from there block by block."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from lampas.errors import DataError, InputError
from lampas.model import Model
from lampas.series.backtest import Forecasts
from lampas.series.baselines import BASELINES, forecasts
from lampas.series.clock import read_stamps
from lampas.series.panel import Columns, Panel, Series
from lampas.series.reach import Reach, stretched
from lampas.series.scale import Scale
from lampas.series.windows import Store, Windows
from lampas.tables import cells
from lampas.tables.read import TableLike, read_table
from lampas.tables.schema import Scalar, pick

Future = dict[Scalar | None, np.ndarray]

_ROWS = 1024  # windows at a time


@dataclass(frozen=True, slots=True)
class Forecaster:
    """What forecasts are made with: a model that takes windows of `lookback` steps, in units of
    `scales`, and says quantiles of the next `horizon`; `reach`: how far its intervals reach."""

    model: Model
    scales: Mapping[Scalar | None, Scale]
    reach: Reach
    lookback: int
    horizon: int


def ahead(by: Forecaster, panel: Panel, steps: int, future: Future) -> np.ndarray:
    """Quantiles (S, steps, T, Q) for the steps after each series' end, in the targets' units.

    Beyond the horizon that was learnt, the medians are appended to the past and the
    net asked again; what a quantile is away from the median then adds to its distance at the
    block's end as independent errors do, by squares.
    """
    block = by.horizon
    said = [_block(by, panel, future)]
    while sum(part.shape[1] for part in said) < steps:
        middle = said[-1].shape[3] // 2
        panel = _extended(panel, said[-1][..., middle], future)
        future = {key: _held(rows[block:], block) for key, rows in future.items()}
        part = _block(by, panel, future)
        before = said[-1][:, -1:] - said[-1][:, -1:, :, [middle]]
        spread = part - part[..., [middle]]
        # Signs of the levels; the median has neither.
        sides = np.sign(np.arange(part.shape[3]) - middle)
        said.append(part[..., [middle]] + sides * np.sqrt(spread**2 + before**2))
    return np.concatenate(said, axis=1)[:, :steps]


def _block(by: Forecaster, panel: Panel, future: Future) -> np.ndarray:
    recent = replace(panel, series=tuple(_tail(one, by.lookback) for one in panel.series))
    room = {key: _held(rows, by.horizon) for key, rows in future.items()}
    known = room if panel.columns.known else None
    store = Store(recent, by.scales, by.lookback, by.horizon, known)
    said = by.model.predict(store.ends()).double().numpy()
    for number, one in enumerate(panel.series):
        for target in range(store.targets):
            said[number, :, target] = by.scales[one.key].undo(said[number, :, target], target)
        said[number] = stretched(said[number], by.reach[one.key][None])
    return said


def _tail(one: Series, rows: int) -> Series:
    kept = min(rows, len(one.values))
    return Series(one.key, one.end - kept, one.values[-kept:], one.seen[-kept:])


def _held(rows: np.ndarray, count: int) -> np.ndarray:
    """The first `count` rows; where there are fewer, the last goes on."""
    if not len(rows):
        return np.zeros((count, rows.shape[1]))
    return rows[np.minimum(np.arange(count), len(rows) - 1)]


def _extended(panel: Panel, medians: np.ndarray, future: Future) -> Panel:
    """The panel with the medians (S, H, T) and known covariates as its newest rows."""
    longer: list[Series] = []
    for one, said in zip(panel.series, medians, strict=True):
        rows = np.column_stack([said, _held(future[one.key], len(said))])
        values = np.vstack([one.values, rows])
        seen = np.vstack([one.seen, np.ones(said.shape, bool)])
        longer.append(Series(one.key, one.first, values, seen))
    return replace(panel, series=tuple(longer))


def check_steps(columns: Columns, steps: int, block: int) -> None:
    """Refuse what cannot be forecast: no step at all, or steps that need unknown covariates."""
    if isinstance(steps, bool) or steps != int(steps) or steps < 1:
        raise InputError(f"horizon is {steps!r}: it must be a whole number, 1 or more")
    if steps > block and columns.past:
        raise InputError(
            f"horizon {steps} is beyond the {block} steps that were trained, and going on needs "
            f"{columns.past[0]!r}, which is known for the past alone: train with horizon={steps}"
        )


def read_future(known: TableLike | None, panel: Panel, steps: int, needed: Columns) -> Future:
    """The known covariates (steps, known) of each series after its end, from the table `known`;
    zeros where they are not `needed`.

    It has the time column, the series column where there is one, and the known covariates; rows
    up to a series' end are passed over. Raises `DataError` where a step is missing, naming it.
    """
    columns = panel.columns
    if known is not None and not columns.known:
        raise InputError("known= was passed, but the run has no known covariates")
    if not needed.known:
        return {one.key: np.zeros((steps, len(columns.known))) for one in panel.series}
    if known is None:
        after = panel.after(panel.series[0], steps)
        raise DataError(
            f"the forecast needs {', '.join(map(repr, columns.known))} from {after[0]} to "
            f"{after[-1]}: pass known=, a table with them and {', '.join(map(repr, columns.words))}"
        )
    frame = read_table(known)
    for name in columns.words:
        pick(frame, name)
    stamps = read_stamps(frame[columns.time])
    numbers = np.column_stack([cells.numbers(pick(frame, name)) for name in columns.known])
    return {one.key: _after(one, frame, stamps, numbers, panel, steps) for one in panel.series}


def _after(
    one: Series, frame: pd.DataFrame, stamps: pd.Index, numbers: np.ndarray, panel: Panel,
    steps: int,
) -> np.ndarray:  # fmt: skip
    wanted = panel.after(one, steps)
    own = np.ones(len(frame), bool)
    if panel.columns.series is not None:
        label = cells.label(one.key)
        own = np.array([name == label for name in cells.labels(frame[panel.columns.series])])
    mine = pd.DataFrame(numbers[own], index=stamps[own])
    mine = mine[~mine.index.duplicated()]
    found = mine.reindex(wanted).to_numpy()
    lost = ~np.isfinite(found)
    if lost.any():
        row, column = np.argwhere(lost)[0]
        raise DataError(
            f"known covariate {panel.columns.known[column]!r}{one.name} has no value for "
            f"{wanted[row]}: a forecast of {steps} steps needs it up to {wanted[-1]}; add the "
            f"rows, or forecast {row} steps"
        )
    return found


def frame_of(said: np.ndarray, panel: Panel, levels: tuple[float, ...]) -> pd.DataFrame:
    """Quantiles (S, steps, T, Q) as a table: a row for each series, target and step."""
    columns = panel.columns
    parts: list[pd.DataFrame] = []
    for one, values in zip(panel.series, said, strict=True):
        stamps = panel.after(one, values.shape[0])
        for target, name in enumerate(columns.targets):
            head: dict[str, Any] = {columns.time: stamps}
            if columns.series is not None:
                head[columns.series] = one.key
            parts.append(
                pd.DataFrame({**head, "target": name, **quantiles(values[:, target], levels)})
            )
    return pd.concat(parts, ignore_index=True)


def quantiles(values: np.ndarray, levels: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Columns of (steps, Q): the median first, then the others as "q10", "q90".

    >>> list(quantiles(np.zeros((1, 3)), (0.025, 0.5, 0.975)))
    ['median', 'q2.5', 'q97.5']
    """
    found = {"median": values[:, len(levels) // 2]}
    others = {f"q{100 * level:g}": values[:, i] for i, level in enumerate(levels) if level != 0.5}
    return found | others


def rolling(by: Forecaster, panel: Panel, season: int, places: range) -> Forecasts | None:
    """Forecasts from each of the grid's `places` that has its lookback before it, up to the end
    of the data, beside the baselines'; None where there is no such place. Intervals are as they
    were calibrated, whatever their reach."""
    store = Store(panel, by.scales, by.lookback, by.horizon)
    windows = Windows(store, places.start, places.stop, high=panel.end)
    numbers = np.arange(len(windows))
    series, origins = windows.where(numbers)
    kept = (origins - places.start) % places.step == 0
    if not kept.any():
        return None
    numbers, series, origins = numbers[kept], series[kept], origins[kept]
    parts = [
        windows[numbers[start : start + _ROWS].tolist()] for start in range(0, len(numbers), _ROWS)
    ]
    said = torch.cat([by.model.predict(x) for x, _ in parts]).double().numpy()
    truth = torch.cat([y for _, y in parts]).double().numpy()
    simple = np.empty((len(BASELINES), *truth.shape))
    scale = np.empty((len(truth), store.targets))
    for number in np.unique(series):
        one, mine = panel.series[number], series == number
        own = by.scales[one.key]
        for target in range(store.targets):
            said[mine, :, target] = own.undo(said[mine, :, target], target)
            truth[mine, :, target] = own.undo(truth[mine, :, target], target)
        values = one.values[:, : store.targets]
        simple[:, mine] = forecasts(values, origins[mine] - one.first, by.horizon, season)
        scale[mine] = own.scale[: store.targets]
    keys = [panel.series[number].key for number in series]
    return Forecasts(keys, origins, said, truth, simple, scale)
