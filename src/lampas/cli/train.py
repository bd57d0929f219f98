"""`lampas train`: from raw data to a run's folder."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from lampas.cli import options, usage
from lampas.cli.output import json_line


def train(
    data: options.DataList,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", metavar="COLUMN", help="What to predict; may be repeated."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="RUN", help="Folder; runs/DATA-DATE-TIME by default."),
    ] = None,
    kind_of_data: Annotated[
        str | None,
        typer.Option("--as", metavar="KIND", help="tabular or timeseries; found out by default."),
    ] = None,
    model: options.OwnNet = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of split, weights and order.")] = 0,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="At most so many; a table's default is 300."),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Stop after so many epochs without a lower loss; 16 for a table.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Samples in a batch; 64 and more by default."),
    ] = None,
    validation: Annotated[
        str, typer.Option(metavar="SHARE|FILE", help="What to hold out; 0 for nothing.")
    ] = "0.2",
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=KIND",
            help="number, category, boolean, date, text or identifier (ignored); repeatable.",
        ),
    ] = None,
    time_column: Annotated[
        str | None,
        typer.Option("--time", metavar="COLUMN", help="Of a time series: its dates or numbers."),
    ] = None,
    series: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of several series: which one a row is of.")
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps to forecast; a season.")
    ] = None,
    lookback: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps that the net sees.")
    ] = None,
    season: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps of a cycle; 7 days, 12 months …")
    ] = None,
    known: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A covariate known for the steps ahead; repeatable."),
    ] = None,
    past: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A covariate known for the past alone; repeatable."),
    ] = None,
    backtest: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Last steps to hold out, for --validation's share."),
    ] = None,
    net: Annotated[
        str, typer.Option(metavar="NAME", help="Of a time series: dlinear, lstm, gru or tcn.")
    ] = "dlinear",
    gaps: options.Gaps = "refuse",
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = "utf-8",
    device: Annotated[
        str, typer.Option(metavar="NAME", help="cpu, cuda, mps …; auto takes the fastest.")
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace the run in --out.")] = False,
    json: options.Json = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line an epoch.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")] = False,
) -> None:
    """Train on a table: what its columns are is found out, shown, and can be corrected.

    A fifth of the rows is held out; training ends when the loss on them no longer falls, and the
    best epoch's weights are kept. The run's folder gets model.lampas, history.csv, curves.png and
    run.json. Ctrl-C ends the training and saves the best so far.

    \b
    Examples:
      lampas train passengers.csv --target Survived --out runs/titanic
      lampas train houses.parquet --target price --kind zip=category --seed 1
      lampas train sales.csv --time day --target sold --horizon 14 --out runs/sales
      lampas train flags.csv --target red --target blue --validation test.csv
      lampas train passengers.csv --target Survived --model nets.py:Net --out runs/mine
    """
    kinds, held_out = usage.kinds(kind or []), usage.validation(validation)
    if verbose and quiet:
        raise usage.UsageError("--verbose and --quiet: choose one of them")
    from lampas.cli import kinds as sorts
    from lampas.cli import own, report, runs
    from lampas.cli.progress import display
    from lampas.cli.request import Request, SeriesOptions, TableOptions

    sort = sorts.find(data, kind_of_data or ("timeseries" if time_column else None))
    of_series = SeriesOptions(
        time_column, series, horizon, lookback, season, tuple(known or ()), tuple(past or ()),
        backtest, usage.net(net), options.checked_gaps(gaps),
    )  # fmt: skip
    if sort != "timeseries":
        of_series.refuse_typed(sort)
    elif kinds:
        raise usage.UsageError("--kind is for tables; the columns of a time series are numbers")
    people = sys.stderr if json else sys.stdout
    request = Request(
        data=tuple(data),
        targets=tuple(target or ()),
        validation=held_out,
        net=None if model is None else own.find_class(model),
        seed=seed,
        epochs=epochs,
        patience=patience,
        batch_size=batch_size,
        device=device,
        quiet=quiet,
        callbacks=display(quiet, verbose),
        people=people,
        table=TableOptions(kinds, delimiter, encoding),
        series=of_series,
    )
    with runs.new_folder(out, Path(data[0]).resolve().name.split(".")[0], force) as folder:
        began = time.perf_counter()
        fitted = sorts.trainer(sort)(request)
        seconds = time.perf_counter() - began
        report.require_an_epoch(fitted)
        fitted.settings |= {"data": data[0], "model": model, "device": device}
        runs.save(folder, fitted, seconds)
    if not quiet:
        report.training(fitted, seconds, people)
    print(
        f"{report.held_out(fitted)}\n\n{report.whereabouts(folder, model, fitted.noun)}",
        file=people,
    )
    if json:
        print(json_line({"run": str(folder), "epochs": len(fitted.history), **fitted.metrics}))
    report.end(fitted)
