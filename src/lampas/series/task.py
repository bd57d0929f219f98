"""`lampas.timeseries`: from a table with a time column to a model that forecasts."""

import sys
from collections.abc import Sequence
from numbers import Real
from typing import Any, Literal

import torch

from lampas.callbacks import CallbackLike
from lampas.callbacks.say import say
from lampas.errors import InputError
from lampas.fitted import best_kept, seeded
from lampas.metrics import Mean
from lampas.optim.asked import OptimizerLike, asked
from lampas.own_net import NetLike
from lampas.series.anchored import mase
from lampas.series.choosing import allowed, choose_bases, judge
from lampas.series.conformal import calibrate, checked_levels
from lampas.series.own_net import NetName, Sizes, build, check_output
from lampas.series.panel import Columns, Gaps, Panel, carried, names, read_panel
from lampas.series.scale import Scale
from lampas.series.series_model import SeriesModel
from lampas.series.spans import Spans, divide
from lampas.series.windows import Store, Windows
from lampas.series.wording import about
from lampas.state.checkpoints import CheckpointLike
from lampas.tables.read import TableLike
from lampas.tables.schema import Scalar

__all__ = ["SeriesModel", "timeseries"]

Verbose = Literal["auto", 0, 1, 2]

EPOCHS, PATIENCE = 1000, 40
_RATE = 1e-3
_STEPS = 10  # the horizon where there is no season to tell one


def timeseries(
    data: TableLike,
    target: str | Sequence[str],
    *,
    time: str,
    series: str | None = None,
    horizon: int | None = None,
    lookback: int | None = None,
    season: int | None = None,
    known: str | Sequence[str] = (),
    past: str | Sequence[str] = (),
    net: NetName | NetLike = "dlinear",
    quantiles: Sequence[float] = (0.1, 0.5, 0.9),
    backtest: float = 0.2,
    validation: float = 0.15,
    calibration: float = 0.15,
    frequency: str | int | None = None,
    gaps: Gaps = "refuse",
    seed: int = 0,
    epochs: int = EPOCHS,
    patience: int = PATIENCE,
    batch_size: int | None = None,
    optimizer: OptimizerLike | None = None,
    callbacks: Sequence[CallbackLike] | CallbackLike | None = None,
    checkpoint: CheckpointLike = None,
    verbose: Verbose = "auto",
    device: str | torch.device | None = None,
) -> SeriesModel:
    """Fit a net that forecasts one or many series, and backtest it on their last steps.

    data: a table as `lampas.tabular` takes, a row for each stamp (and series), in order of time.
    target: the number to forecast, or several. time: the column of dates or whole numbers, at
    regular steps. series: the column that tells several series apart.
    horizon: steps to forecast; None is one season, or 10, at most a tenth of the steps.
    lookback: rows that the net sees; None is twice the horizon and at least three seasons, at most
        a quarter of the steps that are not held out.
    season: steps of a cycle; None takes the usual one of the frequency (12 months, 7 days).
    known, past: columns of covariates that are known for the steps ahead, or for the past alone.
    net: "dlinear", "lstm", "gru", "tcn" (see `lampas.series.own_net.NETS`), or your own: a
        module, its class or a function that makes one of the sizes that its parameters name
        (see `lampas.series.own_net.Sizes`), called with past (B, lookback, inputs) and, where
        it takes two, future (B, horizon, known).
    quantiles: levels in pairs round 0.5, which the forecasts have. The outer pair is the interval.
    backtest: the share of the steps, or from 1 on how many, that are held out at the end.
        validation: the share of the others, at least a horizon, that ends the training and
        decides what the net improves on. calibration: the share after it, which the intervals
        are corrected by. 0 leaves out any of them.
    frequency: as "D", "MS", "h", or the step of integers; None finds it out.
    gaps: missing stamps and numbers are refused, or the last value is carried forward ("carry").
    batch_size: None is 64. optimizer: a name, or a function of the parameters; None is Adam with
        a rate of 0.001. seed, epochs, patience, callbacks, checkpoint, verbose, device: as
        `lampas.tabular`.

    Raises `DataError`, `InputError`, one line with what, where and the fix.

    >>> rows = [{"month": 12 * 2000 + row, "sold": 5.0 + row % 12} for row in range(120)]
    >>> import pandas as pd
    >>> model = timeseries(pd.DataFrame(rows), "sold", time="month", season=12, epochs=3, verbose=0)
    >>> model.forecast(3)["median"].round(1).tolist()
    [5.0, 6.0, 7.0]
    """
    levels = checked_levels(quantiles)
    columns = Columns(time, series, names(target), names(known), names(past))
    if not columns.targets:
        raise InputError("no target is named; pass the column to forecast")
    panel = read_panel(data, columns, frequency=frequency, gaps=gaps)
    season = _season(panel, season)
    horizon = _horizon(panel, season) if horizon is None else _count("horizon", horizon)
    if not isinstance(backtest, Real):
        raise InputError(f"backtest is {backtest!r:.60}: pass a share of the steps, or how many")
    held = backtest if backtest >= 1 else backtest * panel.end
    most = max(2, int(panel.end - held) // 4)
    usual = min(max(2 * horizon, 3 * season), most)
    lookback = usual if lookback is None else _count("lookback", lookback)
    spans = divide(panel.end, lookback, horizon, backtest, validation, calibration)
    scales = scales_of(panel, spans, season)
    sizes = Sizes(lookback, horizon, len(columns.numbers), len(columns.known),
                  len(columns.targets), len(levels))  # fmt: skip
    store = Store(panel, scales, lookback, horizon)
    train = Windows(store, 0, spans.train, low=0)
    watched = Windows(store, spans.train - horizon + 1, spans.validation, low=spans.train)
    batch_size = 64 if batch_size is None else batch_size
    settings: dict[str, Any] = {
        "target": list(columns.targets),
        "own_net": not isinstance(net, str),
        "net": net if isinstance(net, str) else "",
        "seed": seed,
        "epochs": epochs,
        "patience": patience,
        "batch_size": batch_size,
        "horizon": horizon,
        "lookback": lookback,
        "season": season,
        "steps": {"train": spans.train, "validation": spans.validation - spans.train,
                  "calibration": spans.calibration - spans.validation,
                  "backtest": spans.end - spans.calibration},
        "rows": len(train),
        "validation_rows": spans.end - spans.calibration,
    }  # fmt: skip
    settings["about"] = about(panel, settings, levels)
    if verbose in (1, 2) or (verbose == "auto" and (sys.stderr.isatty() or carried(panel))):
        say(settings["about"])
    with seeded(seed):
        built = build(net, sizes)
        check_output(built, sizes)
        fitted = SeriesModel(built, sizes, season, levels, panel, scales, settings)
        choose_bases(fitted.anchored, watched if len(watched) else train)
        fitted.model.compile(
            _optimizer(optimizer, fitted.model), fitted.loss(), {"mase": Mean(mase)}, device=device
        )
        fitted.model.fit(
            train.loader(batch_size, shuffle=True),
            epochs=epochs,
            verbose=verbose,
            checkpoint=checkpoint,
            callbacks=best_kept(callbacks, watched=bool(len(watched)), patience=patience),
            validation_data=watched.loader(1024, shuffle=False) if len(watched) else None,
        )
    fitted.model.eval()
    if len(watched):
        judged = dict(zip(columns.targets, judge(fitted.anchored, watched), strict=True))
        fitted.settings["judged"] = {"errors": judged, "allowed": allowed(watched)}
    _calibrate(fitted, store, spans, levels)
    if spans.end > spans.calibration:
        fitted.settle(panel, spans.calibration)
    else:
        fitted.metrics = fitted.tested_on(panel, 0).metrics()
    return fitted


def scales_of(panel: Panel, spans: Spans, season: int) -> dict[Scalar | None, Scale]:
    """The scale of each series, by its rows of the training span; by all where it has none."""
    found: dict[Scalar | None, Scale] = {}
    for one in panel.series:
        rows = max(spans.train - one.first, 0)
        values = one.values[:rows] if rows > 1 else one.values
        found[one.key] = Scale.fit(values, len(panel.columns.targets), season)
    return found


def _calibrate(fitted: SeriesModel, store: Store, spans: Spans, levels: tuple[float, ...]) -> None:
    begin = spans.validation - store.horizon + 1
    windows = Windows(store, begin, spans.calibration, low=spans.validation)
    if spans.calibration > spans.validation and len(windows):
        fitted.settings["calibration_scores"] = calibrate(fitted.anchored, windows, levels)


def _season(panel: Panel, season: int | None) -> int:
    """The season asked for, or the usual one where the data hold three of it."""
    if season is not None:
        if 2 * _count("season", season) > panel.end:
            raise InputError(
                f"season is {season}, but there are {panel.end} steps: two seasons of them at "
                "least are needed; pass a shorter one, or 1 for none"
            )
        return season
    usual = panel.clock.season
    return usual if panel.end >= 3 * usual else 1


def _horizon(panel: Panel, season: int) -> int:
    return max(1, min(season if season > 1 else _STEPS, panel.end // 10))


def _count(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Real) or value % 1 != 0 or value < 1:
        raise InputError(f"{name} is {value!r}: it must be a whole number, 1 or more")
    return int(value)


def _optimizer(spec: OptimizerLike | None, model: torch.nn.Module) -> Any:
    if spec is None:
        return torch.optim.Adam(model.parameters(), lr=_RATE)
    return asked(spec, model.parameters())
