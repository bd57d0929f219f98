"""The commands of `lampas`, gathered."""

from typing import Annotated

import typer

from lampas.cli.board import board
from lampas.cli.compare import compare
from lampas.cli.datasets import datasets
from lampas.cli.demo import demo
from lampas.cli.evaluate import evaluate
from lampas.cli.export import export
from lampas.cli.forecast import forecast
from lampas.cli.importance import importance
from lampas.cli.list_runs import runs
from lampas.cli.predict import predict
from lampas.cli.report_page import report
from lampas.cli.state import state
from lampas.cli.summary import summary
from lampas.cli.train import train

# rich would import for 0.2 s to draw boxes around the help; its tracebacks hide our one line.
app = typer.Typer(
    name="lampas",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from lampas import __version__

        print(f"lampas {__version__}")
        raise typer.Exit


@app.callback()
def lampas(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """From raw data to a trained, saved model, and from a saved model to predictions.

    \b
    Examples:
      lampas demo
      lampas train passengers.csv --target Survived --out runs/titanic
      lampas evaluate runs/titanic more.csv
      lampas predict runs/titanic new.csv --out predictions.csv
      lampas train sales.csv --time day --target sold --horizon 14 --out runs/sales
      lampas forecast runs/sales --horizon 14 --plot
      lampas report runs/titanic
      lampas runs
      lampas compare runs/titanic runs/mine
      lampas summary runs/titanic
      lampas state runs/titanic
      lampas export runs/titanic titanic.onnx
      lampas board runs
      lampas datasets

    Exit codes: 0 done, 1 the job failed, 2 wrong usage, 75 stopped and to be resumed, 130 ended by
    Ctrl-C.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


app.command(short_help="Train on raw data, and save the run.")(train)
app.command(short_help="Score a saved run on data with their targets.")(evaluate)
app.command(short_help="Predict each row, image or text.")(predict)
app.command(short_help="Which columns of a table a saved run lives on.")(importance)
app.command(short_help="Forecast what comes after a time series.")(forecast)
app.command(short_help="Write a run's page: curves, scores, mistakes.")(report)
app.command(short_help="List runs: when, what, how long, how well.")(runs)
app.command(short_help="What differs between runs, and whether by chance.")(compare)
app.command(short_help="The checkpoints of a run, and what they hold.")(state)
app.command(short_help="Show layers and parameters of a run or class.")(summary)
app.command(short_help="Write a run as ONNX or for torch alone, checked.")(export)
app.command(short_help="Show runs in TensorBoard, on this machine alone.")(board)
app.command(short_help="Small public data sets: what there is, and where.")(datasets)
app.command(short_help="Train on data that are there, and show the results.")(demo)
