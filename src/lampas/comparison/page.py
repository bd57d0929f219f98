"""A comparison as one HTML file: the curves of all runs over each other, and the tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lampas.atomic import whole_file
from lampas.comparison.sections import sections
from lampas.page.build import numbered, rendered
from lampas.page.charts import Chart, line

if TYPE_CHECKING:
    from lampas.comparison.compare import Comparison

_COLOURS = 6  # of the page's style: run-0 to run-5
_DASHES = ("", "7 3", "2 3", "10 3 2 3", "14 5")
"""As many as have no factor in common with the colours: 30 runs differ in either or both, and
the first five by their dashes alone."""


def write_page(comparison: "Comparison", place: Path) -> Path:
    """Write the page at `place`; where it is. Raises `InputError` where it cannot be written."""
    with whole_file(place) as file:
        file.write(page(comparison).encode())
    return place


def page(comparison: "Comparison") -> str:
    """The page as HTML."""
    charts: list[Chart] = []
    first, *others = [_plain(one) for one in sections(comparison)]
    drawn = list(numbered(list(curves(comparison)), charts))
    found = [first, *([{**_EMPTY, "title": "Curves", "charts": drawn}] if drawn else []), *others]
    return rendered(
        "comparison.html.j2", charts,
        title=", ".join(comparison.names) if len(comparison.names) < 4
        else f"{len(comparison.names)} runs",
        about="Runs beside each other; each is tested against the first.", sections=found,
    )  # fmt: skip


_EMPTY: dict[str, Any] = {"charts": [], "head": [], "rows": [], "words": 1, "text": "", "notes": []}


def _plain(section: Any) -> dict[str, Any]:
    names = ("title", "head", "rows", "words", "text", "notes")
    return {"charts": [], **{name: getattr(section, name) for name in names}}


def curves(comparison: "Comparison") -> Iterator[Chart]:
    """A chart for the loss and each metric: the held-out values of all runs by epoch, or those of
    the training where no run has any."""
    frames = {
        name: run.history.frame for name, run in zip(comparison.names, comparison.runs, strict=True)
    }
    columns = dict.fromkeys(str(column) for frame in frames.values() for column in frame)
    for metric in sorted(_metrics(columns), key=lambda name: name != "loss"):
        column = f"val_{metric}" if f"val_{metric}" in columns else metric
        series = [
            line(name, frame["epoch"], frame[column], **_style(place))
            for place, (name, frame) in enumerate(frames.items())
            if column in frame
        ]
        note = "" if column != metric else "in training"
        yield Chart("lines", metric, "epoch", metric, series, note=note)


def _metrics(columns: dict[str, None]) -> dict[str, None]:
    return dict.fromkeys(name.removeprefix("val_") for name in columns if name != "epoch")


def _style(place: int) -> dict[str, Any]:
    dash = _DASHES[place % len(_DASHES)]
    return {"role": f"run-{place % _COLOURS}", **({"dash": dash} if dash else {})}
