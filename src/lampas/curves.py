"""The curves of a run, drawn with matplotlib. Imported when asked for, never by `import lampas`."""

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast, final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lampas.errors import InputError, unknown_name
from lampas.printing import number

if TYPE_CHECKING:
    from lampas.history import History

_TRAIN, _VALID, _BEST = "#3b6fb6", "#d1602b", "#6b6b6b"
_PANEL = (4.4, 3.1)  # inches
_DOTS = 40  # up to this many epochs each one gets a dot


@final
class Curves(Figure):
    """A figure outside pyplot: it opens no window, and a notebook shows it as a picture."""

    def png(self) -> bytes:
        """The picture as a PNG file."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=100)
        return buffer.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()


@final
class Panel(Axes):
    """The axes of a figure that has no others: a notebook shows it as a picture."""

    @classmethod
    def alone(cls) -> "Panel":
        """On a figure of its own."""
        figure = Curves(figsize=(5.5, 3.6), layout="constrained")
        return cast("Panel", figure.add_subplot(axes_class=cls))

    def png(self) -> bytes:
        """The picture as a PNG file."""
        figure = self.get_figure(root=True)
        return figure.png() if isinstance(figure, Curves) else b""

    def _repr_png_(self) -> bytes:
        return self.png()


def draw(figure: Figure, history: "History", monitors: Sequence[str] | None = None) -> None:
    """Draw `history` on `figure`, which is cleared and sized: a panel for each of `monitors`.

    Each panel has the training curve, its `val_` twin and the best epoch (`History.best`).
    Epochs without a value are bridged by the line; nan and infinite values are left out.
    `monitors`: names without `val_`; None draws the loss and every metric.
    Raises `UnknownNameError` for a name that is not there, `InputError` for an empty history.
    """
    panels = _panels(history, monitors)
    across = min(len(panels), 3)
    down = math.ceil(len(panels) / across)
    figure.clear()
    figure.set_layout_engine("constrained")
    figure.set_size_inches(_PANEL[0] * across, _PANEL[1] * down)
    for place, monitor in enumerate(panels, start=1):
        _panel(figure.add_subplot(down, across, place), history, monitor)


def _panels(history: "History", monitors: Sequence[str] | None) -> list[str]:
    """The panels' names: each column without its `val_`, the loss first."""
    names = dict.fromkeys(name.removeprefix("val_") for name in history.columns)
    if not names:
        raise InputError("there is nothing to plot: no epoch has ended yet")
    if monitors is None:
        return sorted(names, key=lambda name: name != "loss")
    for name in monitors:
        if name not in names:
            raise unknown_name("panel", name, names)
    if not monitors:
        raise InputError(f"monitors names no panel to plot; there are: {', '.join(names)}")
    return list(monitors)


def _panel(axes: Axes, history: "History", monitor: str) -> None:
    drawn = [
        _line(axes, history, name, label, colour)
        for name, label, colour in (
            (monitor, "training", _TRAIN),
            (f"val_{monitor}", "held out", _VALID),
        )
    ]
    axes.set_title(monitor, fontsize=11)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    if len(history) == 1:  # matplotlib would show some hundredths of an epoch
        axes.set_xlim(history.rows[0]["epoch"] - 1, history.rows[0]["epoch"] + 1)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if not any(drawn):
        axes.text(0.5, 0.5, "no finite value", ha="center", transform=axes.transAxes)
        return
    _mark_best(axes, history, monitor)
    axes.legend(frameon=False, fontsize=8)


def _line(axes: Axes, history: "History", name: str, label: str, colour: str) -> bool:
    """Draw one column; whether there was a point to draw."""
    points = [
        (row["epoch"], row[name])
        for row in history.rows
        if name in row and math.isfinite(row[name])
    ]
    if not points:
        return False
    marker = "o" if len(points) <= _DOTS else ""
    axes.plot(*zip(*points, strict=True), color=colour, label=label, marker=marker, markersize=3)
    return True


def _mark_best(axes: Axes, history: "History", monitor: str) -> None:
    """A dashed line at the best epoch of the run, and a ring round this panel's value there."""
    try:
        best = history.best
    except InputError:
        return
    name = f"val_{monitor}" if f"val_{monitor}" in best else monitor
    value = best.get(name, math.nan)
    axes.axvline(best["epoch"], color=_BEST, linestyle="--", linewidth=1, zorder=0)
    if math.isfinite(value) and monitor != "lr":  # a learning rate is no score
        label = f"best epoch {best['epoch']}: {number(value)}"
        (ring,) = axes.plot(best["epoch"], value, "o", color=_BEST, label=label, markersize=8)
        ring.set_markerfacecolor("none")
        ring.set_markeredgewidth(1.5)
