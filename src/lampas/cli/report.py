"""What a person reads about a training: the columns, the curves, the scores, where the run is."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

import typer

from lampas.cli.output import count, scores
from lampas.printing import duration, visible

if TYPE_CHECKING:
    import pandas as pd

    from lampas.callbacks import TimeLimit
    from lampas.fitted import Fitted
    from lampas.history import History
    from lampas.series.series_model import SeriesModel
    from lampas.tables.schema import Schema

_TASKS = {
    "binary": "one of two classes",
    "multiclass": "one of several classes",
    "multilabel": "several yes/no targets",
    "regression": "numbers",
}


def columns(name: str, frame: "pd.DataFrame", schema: "Schema", people: TextIO) -> None:
    """The table's size, what is to be predicted, and what each column is taken for."""
    targets = ", ".join(column.name for column in schema.targets)
    told = (
        f"{name}: {count(len(frame), 'row')}, {count(frame.shape[1], 'column')}; "
        f"to predict: {targets} ({_TASKS[schema.task]})\n\n{schema}\n"
    )
    print(visible(told), file=people, flush=True)


def training(model: "Fitted", seconds: float, people: TextIO) -> None:
    """How long the run was, which epoch was best, why it ended, and a sketch of its curves."""
    from lampas.cli.sketch import curves

    history = model.history
    weighted = model.settings.get("class_weight")
    if weighted:
        shown = ", ".join(f"{name}: {weight:.3g}" for name, weight in list(weighted.items())[:6])
        print(f"Classes of very different size are weighted ({visible(shown)})", file=people)
    print(f"{count(len(history), 'epoch')} in {duration(seconds)}{_best(history)}\n", file=people)
    width = min(shutil.get_terminal_size().columns, 100)
    print(curves(history.history, width), end="\n\n", file=people)


def _best(history: "History") -> str:
    best = history.best_epoch if "val_loss" in history.columns else None
    return "" if best is None else f"; the weights are those of epoch {best}"


def held_out(model: "Fitted") -> str:
    """The scores on the samples that were held out, or on all where none were."""
    if model.noun == "window":
        return _backtested(cast("SeriesModel", model))
    rows, noun = model.settings["validation_rows"], model.noun
    every = count(model.settings["rows"], f"training {noun}")
    what = count(rows, f"held-out {noun}") if rows else every
    note = "" if rows else f" (none was held out: new {noun}s will score lower)"
    return f"Scores on {what}{note}\n{scores({'value': model.metrics})}"


def _backtested(model: "SeriesModel") -> str:
    """The backtest, and what the forecasts are made of."""
    made = [f"  {target}: {base}" for target, base in model.bases().items()]
    tested = str(model.tested or "No step was held out: nothing is known of new ones")
    lines = ["What the validation steps chose to forecast with", *made, *model.left_out()]
    return "\n".join([f"{tested}\n", *lines])


def commands(model: "Fitted", after: Sequence[str]) -> Sequence[str]:
    """The commands `after` a run, with the covariates that its forecasts need."""
    if model.noun != "window" or not cast("SeriesModel", model).needed.known:
        return after
    return [f"{one} --known FILE" for one in after]


def whereabouts(folder: Path, run: Path, own_net: str | None, after: Sequence[str]) -> str:
    """Where the run was saved, and what may be typed next: `after`, with `run`, what the run is
    called by, for RUN; no word of it where `after` is empty."""
    own = f" --model {shlex.quote(own_net)}" if own_net else ""
    names = (path.name for path in folder.iterdir() if path.is_file())
    files = ", ".join(sorted(name for name in names if not name.startswith(".")))
    saved = f"Saved in {folder}: {files}"
    if not after:
        return saved
    called = shlex.quote(str(run))
    words = [f"{one.replace('RUN', called)}{own}" for one in (*after, "summary RUN")]
    page = [f"report {called}"] if run == folder else []  # which reads the folder, and no net
    commands = [f"  lampas {one}" for one in (*words, *page)]
    return "\n".join([f"{saved}\n", "Next:", *commands])


def require_an_epoch(model: "Fitted") -> None:
    """End with 130 where Ctrl-C came before there was anything to save."""
    if interrupted(model) and not len(model.model.history):
        print("Interrupted before the first epoch ended: nothing was saved", file=sys.stderr)
        raise typer.Exit(130)


def end(model: "Fitted") -> None:
    """End with 130, and say why, where Ctrl-C ended the training: scripts must not go on."""
    if interrupted(model):
        stopped = str(model.model.history.stopped).capitalize()
        print(f"{stopped}: what was best by then is saved", file=sys.stderr)
        raise typer.Exit(130)


def require_time(limit: "TimeLimit | None", folder: Path, people: TextIO) -> None:
    """End with 75 where the time was over before the training was."""
    if limit is not None and limit.is_over:
        from lampas.signals import EXIT_CODE

        print(f"Time is over: --resume goes on with the run in {folder}", file=people)
        raise typer.Exit(EXIT_CODE)


def interrupted(model: "Fitted") -> bool:
    """Whether Ctrl-C ended its training."""
    stopped = model.model.history.stopped
    return stopped is not None and stopped.startswith("interrupted")
