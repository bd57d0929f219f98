"""Signals that end a run after its step, with nothing lost."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from lampas.callbacks.say import say

if TYPE_CHECKING:
    from lampas.run import Run

EXIT_CODE = 75
"""Of a process that was asked to stop and can be started again: EX_TEMPFAIL of sysexits.h."""

_ASKING = [getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name)]


class Preempted(SystemExit):
    """A signal ended `fit(checkpoint=...)` after its step; its checkpoint is whole.

    It ends the program with exit code 75, which tells a batch system to start the same command
    again; `except Exception` does not catch it. `signal`: its name, such as "SIGTERM".
    """

    def __init__(self, name: str, reason: str | None, folder: Path) -> None:
        super().__init__(EXIT_CODE)
        self.signal = name
        say(f"Stopped: {reason}; {folder} has a whole checkpoint: start again to go on from there")


@contextmanager
def stopping(run: "Run") -> Generator[None]:
    """The first Ctrl-C ends the run after its step; a second one interrupts at once.

    With checkpoints SIGTERM and SIGUSR1, by which batch systems say that time is over, end it too.
    Only handlers that are Python's or the system's own are replaced: a program that has its own
    keeps it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        if run.interrupted:
            raise KeyboardInterrupt
        run.interrupted = True
        _stop(run, f"interrupted {run.where}")

    def ask(number: int, frame: FrameType | None) -> None:
        run.preempted = signal.Signals(number).name
        _stop(run, f"{run.preempted} {run.where}")

    handlers = {signal.SIGINT: (interrupt, signal.default_int_handler)}
    if run.keeper is not None:
        handlers |= dict.fromkeys(_ASKING, (ask, signal.SIG_DFL))
    replaced = [(number, own) for number, (_, own) in handlers.items()
                if signal.getsignal(number) is own]  # fmt: skip
    for number, _ in replaced:
        signal.signal(number, handlers[number][0])
    try:
        yield
    finally:
        for number, own in replaced:
            signal.signal(number, own)


def _stop(run: "Run", reason: str) -> None:
    if run.stopped is None:
        run.stopped, run.pauses = reason, True
