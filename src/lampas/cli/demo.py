"""`lampas demo`: the main job, for each kind of data, on data that are there after installation."""

import importlib
from typing import Annotated

import typer

from lampas.cli.usage import UsageError

DEMOS = {
    "tabular": "lampas.cli.demos.tabular",
    "image": "lampas.cli.demos.image",
    "text": "lampas.cli.demos.text",
    "timeseries": "lampas.cli.demos.timeseries",
}
"""Kind of data: the module whose `demo(out, seed, force)` shows it."""


def demo(
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help=", ".join(DEMOS))] = "tabular",
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="RUN", help="Folder; runs/demo-… by default."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of split, weights and order.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the run in --out.")] = False,
) -> None:
    """Train on data that need no download, and show what comes out. Takes seconds.

    tabular: the passengers of the Titanic, 712 rows to learn who survived from, 179 to test on.
    image: 1 437 handwritten digits as files in folders, and 360 to test on.
    text: which library is this sentence from? Sentences of the docstrings of what is installed.
    timeseries: the covid-19 cases of early 2020, 40 days to learn from, 7 to forecast.

    \b
    Examples:
      lampas demo
      lampas demo tabular --out runs/first
      lampas demo image --out runs/digits
      lampas demo text
      lampas demo timeseries --out runs/covid
    """
    if kind not in DEMOS:
        raise UsageError(f"unknown demo {kind!r}. Valid: {', '.join(DEMOS)}")
    importlib.import_module(DEMOS[kind]).demo(out, seed, force)
