"""`lampas train` on a table with a time column: what was found, the training, the backtest."""

from pathlib import Path
from typing import cast

from lampas.cli import data as tables
from lampas.cli import usage
from lampas.cli.output import count
from lampas.cli.request import Request
from lampas.cli.threads import spare_cores
from lampas.cli.usage import UsageError
from lampas.fitted import Fitted
from lampas.series.own_net import NETS, NetName
from lampas.series.task import EPOCHS, PATIENCE, timeseries


def train(request: Request) -> Fitted:
    """Read the table, fit the net, backtest it on the last steps."""
    targets, options = request.need_target(), request.series
    if options.time is None:
        raise UsageError("which column is the time? Add --time COLUMN")
    if isinstance(request.validation, Path):
        raise UsageError(
            f"--validation {request.validation}: a time series is tested on its own last steps; "
            "give their share, or --backtest STEPS"
        )
    frame = tables.read(request.one, request.table.delimiter, request.table.encoding)
    if not request.quiet:
        rows = count(len(frame), "row")
        print(f"{request.one}: {rows}; to forecast: {', '.join(targets)}\n", file=request.people)
    if request.own_net is None:
        spare_cores(len(frame))
    held_out = options.backtest if options.backtest is not None else request.validation or 0.0
    with tables.shell_spoken():
        fitted = timeseries(
            frame,
            targets,
            time=options.time,
            series=options.series,
            horizon=options.horizon,
            lookback=options.lookback,
            season=options.season,
            known=options.known,
            past=options.past,
            net=request.own_net or cast("NetName", request.named_net(list(NETS))),
            backtest=held_out,
            gaps=usage.gaps(options.gaps),
            seed=request.seed,
            epochs=request.epochs or EPOCHS,
            patience=request.patience or PATIENCE,
            batch_size=request.batch_size,
            callbacks=request.callbacks,
            verbose=0,
            device=request.device,
        )
    if not request.quiet:
        print(f"{fitted.settings['about']}\n", file=request.people)
    return fitted
