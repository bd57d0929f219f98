"""`lampas report`: a run as one page that needs no network."""

from pathlib import Path
from typing import Annotated

import typer

from lampas.cli import options


def report(
    run: options.Run,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE.html", help="Where; report.html in the run."),
    ] = None,
) -> None:
    """The page of a run: curves, scores with intervals, charts, the worst mistakes, the net.

    One file, which opens without a network, in light and dark, and prints.

    \b
    Examples:
      lampas report runs/titanic
      lampas report runs/titanic --out titanic.html
    """
    from lampas.page import write_page

    print(write_page(Path(run), None if out is None else Path(out)))
