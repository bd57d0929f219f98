"""`lampas train` on a table: what its columns are is found out, shown, and can be corrected."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lampas.cli import data as tables
from lampas.cli import report
from lampas.cli.find_table import few
from lampas.cli.request import Request
from lampas.cli.threads import spare_cores
from lampas.cli.usage import UsageError
from lampas.fitted import Fitted
from lampas.tables.infer import infer
from lampas.tables.task import EPOCHS, PATIENCE, tabular

_MOST = 20  # columns that are listed


def check(request: Request) -> None:
    """One table; what to predict is asked with its columns in sight."""
    _ = request.one


def train(request: Request) -> Fitted:
    """Read the table, show its columns, fit the net."""
    options = request.table
    frame = tables.read(request.one, options.delimiter, options.encoding)
    targets = request.targets
    if not targets:
        raise UsageError(_question(request.one, list(map(str, frame.columns))))
    held_out = request.validation
    if isinstance(held_out, Path):
        held_out = tables.read(str(held_out), options.delimiter, options.encoding)
    with tables.shell_spoken(request.one):
        schema = infer(frame, list(targets), options.kinds)
    if not request.quiet:
        report.columns(request.one, frame, schema, request.people)
    if request.own_net is None:
        spare_cores(len(frame))
    with tables.shell_spoken(None if isinstance(held_out, pd.DataFrame) else request.one):
        return tabular(
            frame,
            targets,
            kinds=options.kinds,
            validation=held_out,
            net=request.own_net,
            seed=request.seed,
            epochs=request.epochs or EPOCHS,
            patience=request.patience or PATIENCE,
            batch_size=request.batch_size,
            callbacks=request.callbacks,
            checkpoint=request.checkpoint,
            verbose=0,
            device=request.device,
        )


def _question(path: str, names: Sequence[str]) -> str:
    """Which of the columns `names` is to be predicted, and a doubt where some are numbers."""
    shown = [repr(name) for name in names]
    asked = f"{path}: what shall be predicted? Add --target, one of: {few(shown, _MOST)}"
    if not any(map(_is_number, names)):
        return asked
    return f"{asked}; if these are values, the file lacks its first line with the columns' names"


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
