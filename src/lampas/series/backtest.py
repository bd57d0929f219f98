"""Rolling origin: what the forecasts would have been, beside the baselines'."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from lampas.printing import html_lines, html_table, number, text_table
from lampas.series.baselines import BASELINES
from lampas.tables.schema import Scalar

_COLUMNS = ("mae", "rmse", "mase", "coverage")
_LEFT_OUT = " (left out)"
_ALIKE = 0.005  # of an error: a difference that would be told as 0 %
_OFF = 0.1  # a coverage that is so far from what it should be gets a line of its own


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts from N origins: of which series each is (N) and the grid places of the first
    targets (N,); `said` (N, H, T, Q), `truth` (N, H, T), nan where there is none, `simple`
    (3, N, H, T) those of `BASELINES`, all in the targets' units; `scale` (N, T) the unit of
    MASE."""

    keys: Sequence[Scalar | None]
    origins: np.ndarray
    said: np.ndarray
    truth: np.ndarray
    simple: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True, slots=True)
class Backtest:
    """Scores of forecasts from rolling origins (Tashman 2000, "Out-of-sample tests of forecasting
    accuracy"): from each step one for all steps of the horizon that the data still hold.

    `frame`: a row for each target and model: mae, rmse, mase (in units of the seasonal naive
    error over the training steps), and the share of values inside the outer quantiles, which
    should be `wanted`. `str` of it is the table with one plain line a target.
    """

    frame: pd.DataFrame
    origins: int
    horizon: int
    wanted: float

    @classmethod
    def of(
        cls, found: Forecasts, targets: tuple[str, ...], models: Sequence[str],
        levels: tuple[float, ...], left_out: "Mapping[str, Forecasts] | None" = None,
    ) -> "Backtest":  # fmt: skip
        """The scores of a model, and of the baselines.

        models: what each target's forecasts are called. left_out: {name: the forecasts of a net
        that was not believed}, for the targets whose model has another name.
        """
        rows: list[dict[str, Any]] = []
        for column, target in enumerate(targets):
            truth, scale = found.truth[..., column], found.scale[:, column]
            model = models[column]
            rows.append({"target": target, "model": model, **_ours(found, column)})
            for name, others in (left_out or {}).items():
                if name != model:
                    # Its intervals were never calibrated: a coverage would be of others' margins.
                    scores = _ours(others, column) | {"coverage": np.nan}
                    rows.append({"target": target, "model": f"{name}{_LEFT_OUT}", **scores})
            for simple, values in zip(BASELINES, found.simple[..., column], strict=True):
                theirs = _scores(values, truth, scale)
                rows.append({"target": target, "model": simple, **theirs, "coverage": np.nan})
        origins, horizon = found.truth.shape[:2]
        return cls(pd.DataFrame(rows), origins, horizon, levels[-1] - levels[0])

    def metrics(self) -> dict[str, float]:
        """The model's own scores: for one target under plain names; for several the means of mase
        and coverage, then mae and rmse of each."""
        ours = self.frame.groupby("target", sort=False).head(1)
        if len(ours) == 1:
            return {name: float(ours[name].iloc[0]) for name in _COLUMNS}
        found = {name: float(ours[name].mean()) for name in ("mase", "coverage")}
        for _, row in ours.iterrows():
            found |= {f"{name} of {row['target']}": float(row[name]) for name in ("mae", "rmse")}
        return found

    def verdicts(self) -> list[str]:
        """Plain lines for each target: whether the model beats the best of the baselines, and
        whether the net would have, where it was left out; and where intervals are wrong."""
        lines: list[str] = []
        for target, rows in self.frame.groupby("target", sort=False):
            lines += _verdicts(str(target), rows)
            lines += _misjudged(str(target), float(rows["coverage"].iloc[0]), self.wanted)
        return lines

    def __str__(self) -> str:
        return "\n".join([self._title(), text_table(*self._cells()), *self.verdicts()])

    def _repr_html_(self) -> str:
        return html_lines([self._title()]) + html_table(
            *self._cells(), note="\n".join(self.verdicts())
        )

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        """Head and rows of the table."""
        many = self.frame["target"].nunique() > 1
        head = [*(["target"] if many else []), "model", *_COLUMNS]
        rows: list[list[str]] = []
        for row in cast("list[dict[str, Any]]", self.frame.to_dict("records")):
            inside = row["coverage"]
            rows.append([
                *([str(row["target"])] if many else []), str(row["model"]),
                *(number(float(row[name])) for name in ("mae", "rmse", "mase")),
                "-" if np.isnan(inside) else f"{100 * inside:.0f} %",
            ])  # fmt: skip
        return head, rows

    def _title(self) -> str:
        origins = f"{self.origins} origin{'s' if self.origins > 1 else ''}"
        return (
            f"Backtest: {origins}, up to {self.horizon} steps ahead; coverage: of the "
            f"{100 * self.wanted:.0f} % interval"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        rows = self.frame.to_dict("records")
        return {"rows": rows, "origins": self.origins, "horizon": self.horizon,
                "wanted": self.wanted}  # fmt: skip

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Backtest":
        """The backtest that `to_json` described."""
        frame = pd.DataFrame(plain["rows"])
        return cls(frame, plain["origins"], plain["horizon"], plain["wanted"])


def _verdicts(target: str, rows: pd.DataFrame) -> list[str]:
    simple = rows["model"].isin(BASELINES)
    best = rows[simple].sort_values("mae", kind="stable").iloc[0]
    lines: list[str] = []
    for _, row in rows[~simple].iterrows():
        lines.append(_verdict(target, str(row["model"]), float(row["mae"]), best))
    return lines


def _verdict(target: str, model: str, mine: float, best: pd.Series) -> str:
    theirs = float(best["mae"])
    against = f"MAE {number(mine)} against {number(theirs)}"
    if theirs > 0 and abs(mine / theirs - 1) < _ALIKE:
        return f"{target}: {model} does as well as {best['model']}, the best baseline: {against}"
    share = f", {abs(100 * (mine / theirs - 1)):.0f} %" if theirs > 0 else ""
    if mine < theirs:
        return f"{target}: {model} beats {best['model']}, the best baseline: {against}{share} less"
    more = f"{share} more" if mine > theirs and share else ""
    return f"{target}: {model} does not beat {best['model']}: {against}{more}"


def _misjudged(target: str, inside: float, wanted: float) -> list[str]:
    """A line where the interval held many more, or fewer, values than it should."""
    if not abs(inside - wanted) > _OFF + 1e-9:
        return []
    return [
        f"{target}: {100 * inside:.0f} % of the values were inside the {100 * wanted:.0f} % "
        f"interval: it is too {'wide' if inside > wanted else 'narrow'}"
    ]


def _ours(found: Forecasts, column: int) -> dict[str, float]:
    truth, said = found.truth[..., column], found.said[:, :, column, :]
    inside = (said[..., 0] <= truth) & (truth <= said[..., -1])
    scores = _scores(said[..., said.shape[-1] // 2], truth, found.scale[:, column])
    return scores | {"coverage": _mean(np.where(np.isfinite(truth), inside, np.nan))}


def _scores(values: np.ndarray, truth: np.ndarray, scale: np.ndarray) -> dict[str, float]:
    error = values - truth
    return {
        "mae": _mean(np.abs(error)),
        "rmse": float(np.sqrt(_mean(error**2))),
        "mase": _mean(np.abs(error) / scale[:, None]),
    }


def _mean(values: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nan of no value at all is the answer
        return float(np.nanmean(values))
