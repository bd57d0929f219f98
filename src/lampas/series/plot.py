"""A forecast with its intervals after the newest history, drawn with matplotlib."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from lampas.curves import Curves
from lampas.errors import unknown_name
from lampas.series.panel import Panel, Series
from lampas.tables.schema import Scalar

_PAST, _AHEAD = "#3b6fb6", "#d1602b"
_PANEL = (7.0, 2.8)  # inches
_MOST = 8  # panels: more are too many to look at


def draw(panel: Panel, forecast: pd.DataFrame, names: Sequence[Scalar] | None = None) -> Curves:
    """A figure outside pyplot: for each target of the series `names`, its history, the median and
    a band for each pair of quantiles. None: of the first series, while panels are at most 8.

    Raises `UnknownNameError` for a series that is not there.
    """
    columns = panel.columns
    shown = _first(panel) if names is None else _named(panel, names)
    figure = Curves()
    figure.set_layout_engine("constrained")
    pairs = [(one, place) for one in shown for place in range(len(columns.targets))]
    figure.set_size_inches(_PANEL[0], _PANEL[1] * len(pairs))
    for number, (one, place) in enumerate(pairs):
        target = columns.targets[place]
        axes = figure.add_subplot(len(pairs), 1, number + 1)
        past = pd.Series(one.values[:, place], index=panel.stamps[one.first : one.end])
        mine = forecast[forecast["target"] == target]
        if columns.series is not None:
            mine = mine[mine[columns.series] == one.key]
        _panel(axes, past, mine.set_index(columns.time))
        axes.set_title(target if one.key is None else f"{target}, {one.key}", fontsize=11)
    if len(shown) < len(panel.series) and names is None:
        figure.suptitle(f"the first {len(shown)} of {len(panel.series)} series", fontsize=9)
    return figure


def _first(panel: Panel) -> Sequence[Series]:
    return panel.series[: max(1, _MOST // len(panel.columns.targets))]


def _named(panel: Panel, names: Sequence[Scalar]) -> Sequence[Series]:
    found = {one.key: one for one in panel.series}
    for name in names:
        if name not in found:
            raise unknown_name("series", str(name), [str(key) for key in found])
    return [found[name] for name in names]


def _panel(axes: Axes, past: pd.Series, ahead: pd.DataFrame) -> None:
    axes.plot(past.index, past.to_numpy(), color=_PAST, label="history")
    # A line of one step has no length: it is a point, with bars for its intervals.
    alone = len(ahead) == 1
    axes.plot(ahead.index, ahead["median"], color=_AHEAD, marker="o" if alone else "", ms=4,
              label="forecast")  # fmt: skip
    levels = sorted(
        float(name[1:]) for name in ahead.columns if name[:1] == "q" and name[1:2].isdigit()
    )
    for low, high in zip(levels[: len(levels) // 2], reversed(levels), strict=False):
        below, above = ahead[f"q{low:g}"].to_numpy(), ahead[f"q{high:g}"].to_numpy()
        name = f"{high - low:g} % interval"
        if alone:
            axes.vlines(ahead.index, below, above, color=_AHEAD, alpha=0.4, lw=3, label=name)
        else:
            axes.fill_between(ahead.index, below, above, color=_AHEAD, alpha=0.2, lw=0, label=name)
    if isinstance(past.index, pd.DatetimeIndex):
        ticks = AutoDateLocator(minticks=4, maxticks=8, tz=past.index.tz)
        axes.xaxis.set_major_locator(ticks)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(ticks, tz=past.index.tz))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
