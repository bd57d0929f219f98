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
from lampas.printing import visible
from lampas.series.own_net import NETS, NetName
from lampas.series.task import EPOCHS, PATIENCE, timeseries


def check(request: Request) -> None:
    """One table, its time and what to predict; a net there is; steps of its own to test on."""
    _ = request.one, request.need_target(), _time(request), _named_net(request)
    _ = usage.gaps(request.series.gaps)
    if isinstance(request.validation, Path):
        raise UsageError(
            f"--validation {request.validation}: a time series is tested on its own last steps; "
            "give their share, or --backtest STEPS"
        )


def _time(request: Request) -> str:
    if request.series.time is None:
        raise UsageError("which column is the time? Add --time COLUMN")
    return request.series.time


def _named_net(request: Request) -> NetName:
    return cast("NetName", request.named_net(list(NETS)))


def train(request: Request) -> Fitted:
    """Read the table, fit the net, backtest it on the last steps."""
    targets, options = request.need_target(), request.series
    frame = tables.read(request.one, request.table.delimiter, request.table.encoding)
    if not request.quiet:
        rows = count(len(frame), "row")
        print(f"{request.one}: {rows}; to forecast: {', '.join(targets)}\n", file=request.people)
    if request.own_net is None:
        spare_cores(len(frame))
    share = 0.0 if isinstance(request.validation, Path) else request.validation or 0.0
    held_out = share if options.backtest is None else options.backtest
    with tables.shell_spoken(request.one):
        fitted = timeseries(
            frame,
            targets,
            time=_time(request),
            series=options.series,
            horizon=options.horizon,
            lookback=options.lookback,
            season=options.season,
            known=options.known,
            past=options.past,
            net=request.own_net or _named_net(request),
            backtest=held_out,
            gaps=usage.gaps(options.gaps),
            seed=request.seed,
            epochs=request.epochs or EPOCHS,
            patience=request.patience or PATIENCE,
            batch_size=request.batch_size,
            callbacks=request.callbacks,
            checkpoint=request.checkpoint,
            verbose=0,
            device=request.device,
        )
    if not request.quiet:
        print(visible(f"{fitted.settings['about']}\n"), file=request.people)
    return fitted
