"""A forecast with its intervals after the newest history, drawn with matplotlib."""

import pandas as pd
from matplotlib.axes import Axes

from lampas.curves import Curves
from lampas.series.panel import Panel

_PAST, _AHEAD = "#3b6fb6", "#d1602b"
_PANEL = (7.0, 2.8)  # inches


def draw(panel: Panel, forecast: pd.DataFrame) -> Curves:
    """A figure outside pyplot: for each target of the first series, its history, the median and
    a band for each pair of quantiles."""
    columns, one = panel.columns, panel.series[0]
    figure = Curves()
    figure.set_layout_engine("constrained")
    figure.set_size_inches(_PANEL[0], _PANEL[1] * len(columns.targets))
    stamps = panel.stamps[one.first : one.end]
    for place, target in enumerate(columns.targets):
        axes = figure.add_subplot(len(columns.targets), 1, place + 1)
        past = pd.Series(one.values[:, place], index=stamps)
        mine = forecast[forecast["target"] == target]
        if columns.series is not None:
            mine = mine[mine[columns.series] == one.key]
        _panel(axes, past, mine.set_index(columns.time))
        title = target if one.key is None else f"{target}, {one.key}"
        axes.set_title(title, fontsize=11)
    return figure


def _panel(axes: Axes, past: pd.Series, ahead: pd.DataFrame) -> None:
    axes.plot(past.index, past.to_numpy(), color=_PAST, label="history")
    axes.plot(ahead.index, ahead["median"].to_numpy(), color=_AHEAD, label="forecast")
    levels = sorted(
        float(name[1:]) for name in ahead.columns if name[:1] == "q" and name[1:2].isdigit()
    )
    for low, high in zip(levels[: len(levels) // 2], reversed(levels), strict=False):
        axes.fill_between(
            ahead.index, ahead[f"q{low:g}"].to_numpy(), ahead[f"q{high:g}"].to_numpy(),
            color=_AHEAD, alpha=0.2, linewidth=0, label=f"{high - low:g} % interval",
        )  # fmt: skip
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    axes.tick_params(axis="x", labelrotation=20)
