"""A fitted model for time series: past in, future quantiles out, all of it in one file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd
import torch
from torch import nn

from lampas import artifact
from lampas.cards import fitted_card
from lampas.errors import DataError, InputError
from lampas.fitted import filled, restore, shown, store
from lampas.history import History
from lampas.metrics import Mean
from lampas.model import Model
from lampas.own_net import NetLike
from lampas.printing import html_folded
from lampas.series import kept
from lampas.series.anchored import BASES, Anchored, KnownQuantileLoss, mase
from lampas.series.backtest import Backtest, Forecasts
from lampas.series.clock import Clock
from lampas.series.forecasting import (
    Forecaster,
    ahead,
    check_steps,
    frame_of,
    read_future,
    rolling,
)
from lampas.series.own_net import Sizes, build, takes_future
from lampas.series.panel import Columns, Gaps, Panel, read_panel
from lampas.series.reach import Reach, followed
from lampas.series.scale import Scale
from lampas.series.wording import left_out
from lampas.tables.read import TableLike
from lampas.tables.schema import Scalar

if TYPE_CHECKING:
    from lampas.curves import Curves
    from lampas.export.exported import Exported

_KEPT = 4  # horizons of history in the file, for plots; at least the lookback


@final
class SeriesModel:
    """What `lampas.timeseries` returns: a net, and all that stands between it and a table.

    `model`: the `lampas.Model`, compiled. `panel`: the newest rows of each series, which a
    forecast begins from. `scales`: of each series. `tested`: the backtest over the steps that
    were held out, None where none were. `metrics`: its scores.

    >>> import lampas, tempfile
    >>> frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=120)})
    >>> frame["sold"] = [100.0 + row % 7 for row in range(120)]
    >>> model = lampas.timeseries(frame, "sold", time="day", horizon=7, epochs=2, verbose=0)
    >>> model.forecast(2)["median"].round(1).tolist()
    [101.0, 102.0]
    >>> with tempfile.TemporaryDirectory() as run:
    ...     model.save(f"{run}/model.lampas")
    ...     again = SeriesModel.load(f"{run}/model.lampas")
    >>> again.forecast(9).equals(model.forecast(9))
    True
    """

    def __init__(
        self, net: nn.Module, sizes: Sizes, season: int, levels: tuple[float, ...],
        panel: Panel, scales: Mapping[Scalar | None, Scale], settings: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self._net = type(net).__name__
        self.sizes, self.season, self.levels = sizes, season, levels
        two = takes_future(net)
        self.anchored = Anchored(net, two, sizes.targets, season, sizes.horizon, sizes.quantiles)
        self.model = Model(self.anchored)
        self.scales = dict(scales)
        self.panel = kept.newest(panel, max(sizes.lookback, _KEPT * sizes.horizon))
        self.settings = dict(settings)
        self.reach: Reach = {}
        self.tested: Backtest | None = None
        self.metrics: dict[str, float] = {}

    noun = "window"

    @property
    def columns(self) -> Columns:
        """Which column is what."""
        return self.panel.columns

    @property
    def needed(self) -> Columns:
        """The same, without the covariates where no net that reads them is believed."""
        believed = bool(self.anchored.trust.any())
        return self.columns if believed else replace(self.columns, known=(), past=())

    @property
    def history(self) -> History:
        """Loss and mase, a row an epoch; `val_` is for the validation steps."""
        return self.model.history

    def loss(self) -> nn.Module:
        """The quantile loss, over the targets that are known, in units of the series' scale."""
        return KnownQuantileLoss(self.levels)

    def to(self, device: str | torch.device) -> "SeriesModel":
        """Move net and loss to `device`; the model is then compiled without an optimiser."""
        self.model.compile(None, self.loss(), {"mase": Mean(mase)}, device=device)
        return self

    @property
    def net_name(self) -> str:
        """The net's name: that of `lampas.series.own_net.NETS`, or its class's."""
        return str(self.settings["net"] or self._net)

    def bases(self) -> dict[str, str]:
        """{target: what its forecasts are made of}, in words.

        The base is chosen, and the net believed, by the error over the validation steps.
        """
        return {
            target: BASES[base] + (f" + {self.net_name}" if trust else " alone")
            for target, base, trust in zip(
                self.columns.targets, self.anchored.base.tolist(), self.anchored.trust.tolist(),
                strict=True,
            )
        }  # fmt: skip

    def left_out(self) -> list[str]:
        """A plain line for each target whose forecasts are its base's alone: why."""
        pairs = zip(self.columns.targets, self.anchored.base, self.anchored.trust, strict=True)
        alone = {target: BASES[int(base)] for target, base, trusted in pairs if not trusted}
        return left_out(self.settings, alone, self.net_name)

    def forecast(
        self, horizon: int | None = None, data: TableLike | None = None, *,
        known: TableLike | None = None, gaps: Gaps = "refuse",
    ) -> pd.DataFrame:  # fmt: skip
        """The `horizon` steps after the end of each series (None: as many as were trained).

        data: a newer history, with at least the lookback's rows of each series; None: the end
        of the training table, which is part of the model. known: a table of the known covariates
        for the steps ahead. gaps: as in `lampas.timeseries`.

        A row for each series, target and step: the time and series columns under their own
        names, "target", "median", and the other quantiles as "q10", "q90". Beyond the horizon
        that was trained the medians become the past, and the intervals widen as independent
        errors add up; these are not calibrated. Raises `DataError`, `InputError`.
        """
        steps = self.sizes.horizon if horizon is None else horizon
        check_steps(self.needed, steps, self.sizes.horizon)
        panel = self.panel if data is None else self._read(data, gaps)
        future = read_future(known, panel, steps, self.needed)
        said = ahead(self._caught_up(panel), panel, steps, future)
        return frame_of(said, panel, self.levels)

    def predict(self, data: TableLike, *, known: TableLike | None = None) -> pd.DataFrame:
        """`forecast` from the end of `data`, as far as was trained."""
        return self.forecast(None, data, known=known)

    def backtest(
        self, data: TableLike, *, origins: int | None = None, step: int = 1, gaps: Gaps = "refuse"
    ) -> Backtest:
        """Forecasts from rolling origins in `data`, beside naive, seasonal naive and drift.

        origins: how many, the last ones; None takes each with its lookback before it. step:
        steps from one to the next. The net is not fitted again: whatever part of `data` it was
        trained on is scored too kindly.
        """
        panel = self._read(data, gaps)
        for name, value in (("origins", origins), ("step", step)):
            if value is not None and value < 1:
                raise InputError(f"{name} is {value!r}: it must be a whole number, 1 or more")
        begin = 0 if origins is None else max(0, panel.end - origins * step)
        return self.tested_on(panel, begin, step)

    def tested_on(self, panel: Panel, begin: int, step: int = 1) -> Backtest:
        """The backtest from the grid's place `begin` on."""
        return self._tested_on(panel, begin, step)[0]

    def settle(self, panel: Panel, begin: int) -> None:
        """Backtest from `begin` on, which training did not see: `tested`, `metrics`, and how far
        intervals reach after it."""
        self.tested, self.reach = self._tested_on(panel, begin, 1)
        self.metrics = self.tested.metrics()

    def _tested_on(self, panel: Panel, begin: int, step: int) -> tuple[Backtest, Reach]:
        found, reach = self._rolling(panel, range(begin, panel.end, step))
        trust, name = self.anchored.trust, self.net_name
        models = [
            name if trusted else BASES[base]
            for base, trusted in zip(self.anchored.base.tolist(), trust.tolist(), strict=True)
        ]
        left_out: dict[str, Forecasts] = {}
        if not bool(trust.all()):
            was = trust.clone()
            trust.fill_(1.0)
            left_out[name] = self._rolling(panel, range(begin, panel.end, step))[0]
            trust.copy_(was)
        tested = Backtest.of(found, self.columns.targets, models, self.levels, left_out)
        return tested, reach

    def _rolling(self, panel: Panel, places: range) -> tuple[Forecasts, Reach]:
        by = self.forecaster(panel, places.start)
        found = rolling(by, panel, self.season, places)
        if found is None:
            raise DataError(f"no origin has the {self.sizes.lookback} rows before it that a "
                            "window needs: pass more rows")  # fmt: skip
        return followed(found, self.levels, by.reach, 0, panel.end)

    def forecaster(self, panel: Panel, begin: int) -> Forecaster:
        """What forecasts in `panel` from the place `begin` on are made with.

        A new series is measured by its own rows, which decides no more than the unit: windows are
        seen by their own measure. Before the training's end intervals reach as far as they were
        calibrated: how far they reached after it was not known then.
        """
        targets, pairs = self.sizes.targets, len(self.levels) // 2
        reach = self.reach if begin >= self._new(panel) else {}
        scales = {
            one.key: self.scales.get(one.key) or Scale.fit(one.values, targets, self.season)
            for one in panel.series
        }
        far = {one.key: reach.get(one.key, np.ones((targets, pairs))) for one in panel.series}
        return Forecaster(self.model, scales, far, self.sizes.lookback, self.sizes.horizon)

    def _caught_up(self, panel: Panel) -> Forecaster:
        """What forecasts from the end of `panel` are made with: intervals have followed the steps
        that came after the training's end."""
        new = self._new(panel)
        by = self.forecaster(panel, new)
        if new == panel.end:
            return by
        found = rolling(by, panel, self.season, range(max(0, new - by.horizon), panel.end))
        if found is None:
            return by
        return replace(by, reach=followed(found, self.levels, by.reach, new, panel.end)[1])

    def _new(self, panel: Panel) -> int:
        """The first place of `panel` after the training's end."""
        return int(panel.stamps.searchsorted(self.panel.stamps[-1], side="right"))

    def evaluate(self, data: TableLike) -> dict[str, float]:
        """The scores of `backtest` over all origins in `data`."""
        return self.backtest(data).metrics()

    def plot(
        self, forecast: pd.DataFrame | None = None, series: Sequence[Scalar] | None = None
    ) -> "Curves":
        """A figure of the newest history and `forecast` (None: `self.forecast()`), with its
        intervals: a panel for each target of each of the `series`, by name; None: the first ones.
        """
        from lampas.series.plot import draw

        return draw(self.panel, self.forecast() if forecast is None else forecast, series)

    def _read(self, data: TableLike, gaps: Gaps) -> Panel:
        panel = read_panel(data, self.columns, self.panel.clock, gaps=gaps)
        for one in panel.series:
            if len(one.values) < self.sizes.lookback:
                raise DataError(
                    f"the history{one.name} has {len(one.values)} rows, fewer than the "
                    f"{self.sizes.lookback} that a window needs: pass more rows"
                )
        return panel

    def export(self, path: str | PathLike[str], *, tolerance: float | None = None) -> "Exported":
        """Write the model for other programs: as `lampas.Model.export`, from windows to forecasts,
        both in the table's own units.

        Inputs: "past", float64 (batch, lookback, columns), targets, known and past covariates;
        where some are known ahead "future", float64 (batch, horizon, known); where there are
        several series "series", int64 (batch,), which of them. Output: "quantiles", float64
        (batch, horizon, targets, quantiles), as `forecast` says them from the training's end.
        Names stand as JSON in the file, as `lampas.TabularModel.export` says.

        Not in the file: the rows to begin from, steps beyond the horizon, a series that training
        did not have, and intervals that follow the errors of newer rows.
        """
        from lampas.export.write import export
        from lampas.series.portable import portable

        return export(portable(self), path, tolerance)

    def save(self, path: str | PathLike[str]) -> None:
        """Write net, scales, newest history and scores into one file, whole or not at all."""
        content = {
            "columns": asdict(self.columns),
            "clock": asdict(self.panel.clock),
            "sizes": asdict(self.sizes),
            "season": self.season,
            "levels": self.levels,
            "scales": [(key, scale.to_json()) for key, scale in self.scales.items()],
            "panel": kept.to_json(self.panel),
            "reach": list(self.reach.items()),
            "tested": None if self.tested is None else self.tested.to_json(),
        }  # fmt: skip
        store(self, "timeseries", self._net, content, path)

    @classmethod
    def load(cls, path: str | PathLike[str], net: NetLike | None = None) -> "SeriesModel":
        """The model that `save` wrote. net: as it was passed to `lampas.timeseries`.

        Raises `ArtifactError` for a damaged or foreign file, for a run with a net of the
        user's when `net` is not passed, and where the weights do not fit it.
        """
        return cls.from_artifact(artifact.read(path), path, net)

    @classmethod
    def from_artifact(
        cls, saved: artifact.Artifact, path: str | PathLike[str], net: NetLike | None = None
    ) -> "SeriesModel":
        """The model in an artifact that was read from `path`."""
        return restore(saved, path, "timeseries", net, _restored)

    def evidence(self) -> None:
        """None: forecasts are judged by `tested`."""

    def example(self) -> Any:
        """The net's inputs for two windows of zeros."""
        sizes = self.sizes
        return {
            "past": torch.zeros(()).expand(2, sizes.lookback, sizes.inputs),
            "future": torch.zeros(()).expand(2, sizes.horizon, sizes.known),
        }

    def describe(self) -> dict[str, Any]:
        """Columns, clock and what the forecasts are made of, as plain values."""
        return {
            "time": self.columns.time,
            "series": len(self.panel.series),
            "clock": str(self.panel.clock),
            "bases": self.bases(),
            "left out": self.left_out(),
            "backtest": None if self.tested is None else str(self.tested).splitlines(),
        }

    @property
    def _about(self) -> str:
        return f"{', '.join(self.columns.targets)} over {self.columns.time}, {self._net}"

    def __repr__(self) -> str:
        return shown("SeriesModel", self._about, self.metrics)

    def _repr_html_(self) -> str:
        return fitted_card("SeriesModel", self._about, self) + self._tested()

    def _tested(self) -> str:
        if self.tested is None:
            return ""
        table = self.tested._repr_html_()  # pyright: ignore[reportPrivateUsage]
        return html_folded("backtest", table)


def _check_sizes(sizes: Sizes, season: int, panel: Panel) -> None:
    """Raise `ValueError` for sizes that no training can have had."""
    numbers = (*asdict(sizes).values(), season)
    if any(type(number) is not int or number < 0 for number in numbers) or season < 1:
        raise ValueError("its sizes are no whole numbers")
    rows = max(len(one.values) for one in panel.series)
    if rows < sizes.lookback:
        raise ValueError(f"its window has {sizes.lookback:,} rows, and its longest series {rows:,}")


def _restored(saved: artifact.Artifact, net: NetLike | None) -> SeriesModel:
    content = saved.content
    columns, clock = Columns(**content["columns"]), Clock(**content["clock"])
    panel = kept.from_json(content["panel"], columns, clock)
    sizes, season = Sizes(**content["sizes"]), content["season"]
    _check_sizes(sizes, season, panel)
    scales = {key: Scale.from_json(plain) for key, plain in content["scales"]}
    built = build(saved.settings["net"] if net is None else net, sizes)
    restored = SeriesModel(
        built, sizes, season, tuple(content["levels"]), panel, scales, saved.settings
    )
    restored.reach = dict(content["reach"])
    restored.tested = None if content["tested"] is None else Backtest.from_json(content["tested"])
    return filled(restored, saved)
