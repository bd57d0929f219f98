"""`lampas compare`: runs beside each other."""

import json as plain_json
from typing import Annotated

import typer

from lampas.cli.usage import UsageError

_Runs = Annotated[
    list[str], typer.Argument(metavar="RUN RUN...", help="Folders of runs; the first is the base.")
]


def compare(
    runs: _Runs,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE.html", help="A page with curves.")
    ] = None,
    draws: Annotated[
        int, typer.Option(metavar="N", min=100, help="Of the bootstrap, for each score.")
    ] = 2000,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object, in the place of the tables.")
    ] = False,
) -> None:
    """What differs between runs, and whether their scores do by more than chance.

    Shows what differed in data, code, settings, versions and net, side by side, and the scores.
    Each run is tested against the first on the held-out samples that both have, by a paired
    bootstrap: a difference, its 95 % interval, p. Runs of one --seed and --validation share them
    all. What it cannot know is the chance of seeds: train each several times for that.

    With --out also a page with the curves of all runs: one file that needs no network.

    \b
    Examples:
      lampas compare runs/titanic runs/mine
      lampas compare runs/titanic runs/mine runs/first --out compared.html
      lampas compare runs/titanic runs/mine --json
    """
    if len(runs) < 2:
        raise UsageError(f"{runs[0]}: compared to what? Name another run: `lampas runs` lists them")
    from lampas.comparison.compare import compare as compared

    found = compared(*runs, draws=draws)
    place = None if out is None else found.save(out)
    if json:
        print(plain_json.dumps(found.to_json(), allow_nan=False, ensure_ascii=False))
    else:
        print(found if place is None else place)
