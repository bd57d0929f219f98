"""`lampas board`: TensorBoard for a run, or for all runs in a folder, on this machine alone."""

import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from lampas.errors import InputError


def board(
    runs: Annotated[str, typer.Argument(metavar="RUN|FOLDER", help="A run, or a folder of runs.")],
    port: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=65535, help="6006, or the next that is free."),
    ] = None,
) -> None:
    """Start TensorBoard on 127.0.0.1, print its address, and serve until Ctrl-C.

    Shows what `lampas train --board`, the callback TensorBoard or lampas.Board have logged. A run
    that was trained without a log is shown from its history.csv and run.json: they are written
    into RUN/board first.

    \b
    Examples:
      lampas board runs/titanic
      lampas board runs --port 7000
    """
    from lampas.board.needs import require_tensorboard
    from lampas.cli import boards
    from lampas.cli.runs import MODEL

    require_tensorboard("lampas board")
    folder = Path(runs)
    if not folder.is_dir():
        raise InputError(f"{runs}: no such folder; name a run, or a folder of runs")
    found = list(boards.runs_below(folder))
    for run in found:
        _complete(run)
    if not found and not any(folder.rglob("events.out.tfevents.*")):
        raise InputError(f"{runs} holds no run of `lampas train` and no log of TensorBoard's")
    _serve(folder / boards.BOARD if (folder / MODEL).is_file() else folder, port)


def _complete(run: Path) -> None:
    from lampas.cli.boards import write_missing

    try:
        if write_missing(run):
            print(f"{run}: written into its board from history.csv and run.json", flush=True)
    except OSError as error:
        raise InputError(f"cannot write in {run}: {error.strerror or error}") from error


def _serve(folder: Path, port: int | None) -> None:
    url = _launch(folder, port)
    print(f"TensorBoard shows {folder} at {url}\nCtrl-C ends it", flush=True)
    try:
        while True:
            _wait()
    except KeyboardInterrupt:
        print()


def _wait() -> None:
    """Until a signal comes; Windows has no `pause`."""
    if hasattr(signal, "pause"):
        signal.pause()
    else:
        import time

        time.sleep(1)


def _launch(folder: Path, port: int | None) -> str:
    """Serve from a thread of this process; the address.

    Raises `InputError` where the port is taken.
    """
    import contextlib
    import io
    import logging
    import warnings

    # Notes about its own development would come between; what goes wrong is raised.
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # TensorBoard's own imports
        from tensorboard import default, program

        logging.getLogger("tensorboard").setLevel(logging.ERROR)
        server: Any = program.TensorBoard(default.get_plugins())
        given = [] if port is None else ["--port", str(port)]
        server.configure(["lampas board", "--logdir", str(folder), "--host", "127.0.0.1", *given])
        try:
            return server.launch()
        except program.TensorBoardServerException as error:
            raise InputError(f"TensorBoard cannot start: {' '.join(str(error).split())}") from error
