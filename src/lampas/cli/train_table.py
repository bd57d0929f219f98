"""`lampas train` on a table: what its columns are is found out, shown, and can be corrected."""

from pathlib import Path

import pandas as pd

from lampas.cli import data as tables
from lampas.cli import report
from lampas.cli.request import Request
from lampas.cli.threads import spare_cores
from lampas.fitted import Fitted
from lampas.tables.infer import infer
from lampas.tables.task import EPOCHS, PATIENCE, tabular


def check(request: Request) -> None:
    """One table, and what to predict."""
    _ = request.one, request.need_target()


def train(request: Request) -> Fitted:
    """Read the table, show its columns, fit the net."""
    targets, options = request.need_target(), request.table
    frame = tables.read(request.one, options.delimiter, options.encoding)
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
            verbose=0,
            device=request.device,
        )
