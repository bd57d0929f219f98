"""`lampas forecast`: the steps after the end of a saved run's series, or of newer rows."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from lampas.cli import options, usage
from lampas.cli.output import count
from lampas.cli.usage import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from lampas.series.series_model import SeriesModel

PLOT = "forecast.png"


def forecast(
    run: options.Run,
    data: Annotated[
        str | None,
        typer.Argument(metavar="[DATA]", help="Newer rows; without, the training's last ones."),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps; as many as trained by default.")
    ] = None,
    known: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A table of the known covariates for the steps ahead."),
    ] = None,
    plot: Annotated[
        bool, typer.Option("--plot", help=f"Draw it with its intervals, as {PLOT} here.")
    ] = False,
    plot_file: Annotated[
        str | None, typer.Option("--plot-file", metavar="FILE.png", help="Draw it in this file.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="A .csv or .parquet file; else stdout."),
    ] = None,
    gaps: options.Gaps = None,
    model: options.OwnNet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = "utf-8",
    json: options.JsonRows = False,
) -> None:
    """What comes next: a row for each step, with the median and the quantiles of its intervals.

    A run holds the last rows that it was trained on: no data are needed. Steps beyond those that
    were trained are forecast from the forecasts. A terminal shows six digits of a number; pipes
    and files get all of them.

    \b
    Examples:
      lampas forecast runs/sales --horizon 14 --plot
      lampas forecast runs/sales newer.csv --out forecast.csv
      lampas forecast runs/sales --json
    """
    from lampas.cli import data as tables
    from lampas.cli import runs
    from lampas.cli.predict import check_out, print_json, to_stdout, write

    given = [one for one in (data, known) if one is not None]
    check_out(out, given)
    picture = plot_file or (PLOT if plot else None)
    if picture is not None and not picture.lower().endswith(".png"):
        raise UsageError(f"--plot-file {picture}: a picture is written as .png")
    rule = usage.gaps(gaps)
    fitted = runs.load(run, model, f"lampas forecast {shlex.join([run, *given[:1]])}")
    if fitted.noun != "window":
        raise UsageError(f"{run} is no run of a time series: use lampas predict {run} DATA")
    series = cast("SeriesModel", fitted)
    history = None if data is None else tables.read(data, delimiter, encoding)
    future = None if known is None else tables.read(known, delimiter, encoding)
    with tables.shell_spoken(data if known is None else None):
        found = series.forecast(horizon, history, known=future, gaps=rule)
    _tell_uncalibrated(horizon, series.sizes.horizon)
    if picture is not None:
        _draw(series, found, picture)
    if out is not None:
        write(found, out, index=False)
        print(f"{count(len(found), 'forecast')} in {out}", file=sys.stderr)
    elif json:
        print_json(found)
    else:
        to_stdout(found, index=False)


def _tell_uncalibrated(asked: int | None, trained: int) -> None:
    if asked is not None and asked > trained:
        print(
            f"{count(trained, 'step')} ahead were trained: the intervals of those beyond are not "
            f"calibrated; train with --horizon {asked} for ones that are",
            file=sys.stderr,
        )


def _draw(series: "SeriesModel", found: "pd.DataFrame", picture: str) -> None:
    from lampas.atomic import whole_file

    with whole_file(picture) as file:
        series.plot(found).savefig(file, format="png", dpi=100)
    print(f"drawn in {Path(picture)}", file=sys.stderr)
