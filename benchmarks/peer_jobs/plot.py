"""Ratios to the best loop by hand, as a picture."""

import math
from pathlib import Path

from contest import Contest


def plot(contests: list[Contest], file: Path) -> None:
    """A panel for each workload: a dot for each contender, a line from lowest to highest."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = min(4, len(contests))
    rows = math.ceil(len(contests) / columns)
    most = max(len(one.results) for one in contests)
    size = (3.1 * columns + 1.4, (0.24 * most + 0.9) * rows)
    figure, panels = pyplot.subplots(rows, columns, figsize=size, squeeze=False)
    for panel, contest in zip(panels.flat, contests, strict=False):
        _panel(panel, contest)
    for panel in list(panels.flat)[len(contests) :]:
        panel.axis("off")
    verb = contests[0].order.verb
    figure.suptitle(f"Time of {verb} as a ratio to the best loop by hand (median, lowest–highest)")
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _panel(panel: object, contest: Contest) -> None:
    by_hand = contest.results["hand"].seconds
    for place, one in enumerate(reversed(contest.results.values())):
        colour = "tab:red" if one.name.startswith("Lampas") else "tab:blue"
        colour = "0.4" if one.name.startswith(("best", "by hand", "usual")) else colour
        panel.hlines(place, min(one.times) / by_hand, max(one.times) / by_hand, colour, alpha=0.5)
        panel.plot(one.seconds / by_hand, place, "o", color=colour, markersize=5)
    names = [one.name for one in reversed(contest.results.values())]
    panel.set_yticks(range(len(names)), names, fontsize=8)
    panel.axvline(1, color="0.7", linewidth=0.8)
    panel.set_xscale("log")
    ticks = _ticks(*panel.get_xlim())
    panel.set_xticks(ticks, [f"{one:g}" for one in ticks], fontsize=8)
    panel.minorticks_off()
    panel.set_title(contest.title, fontsize=9)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers on a logarithmic axis, as far from each other as their labels need."""
    far, kept = 0.13 * math.log(high / low), [1.0]
    for one in (10, 0.1, 2, 0.5, 5, 0.2, 20, 3, 50, 1.5, 0.7, 0.3):
        if low <= one <= high and all(abs(math.log(one / other)) >= far for other in kept):
            kept.append(one)
    return sorted(kept)
