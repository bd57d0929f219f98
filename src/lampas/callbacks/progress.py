"""What a person sees of a run in the terminal: a moving bar, or a line an epoch."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, final

from lampas.callbacks.base import LOOK_SECONDS, Callback, Event, EventKind
from lampas.callbacks.say import say
from lampas.callbacks.terminal import is_watched
from lampas.errors import InputError
from lampas.printing import duration, number

if TYPE_CHECKING:
    from lampas.callbacks.bar import EpochBar
    from lampas.callbacks.notebook_bar import NotebookBar

Verbose = Literal["auto", 0, 1, 2]


def progress_for(verbose: Verbose) -> Callback | None:
    """The callback that shows a run as `fit(verbose=...)` asks; None shows nothing.

    "auto": a bar where somebody watches (a terminal, a notebook), else nothing. 1: a bar there,
    else a line an epoch. 2: a line an epoch. 0: nothing. All of it goes to stderr.
    Raises `InputError` for anything else.

    >>> progress_for(0) is None
    True
    >>> type(progress_for(2)).__name__
    'EpochLines'
    """
    if verbose not in ("auto", 0, 1, 2):
        raise InputError(f"verbose must be 'auto', 0, 1 or 2, not {verbose!r}")
    if verbose == 0:
        return None
    if verbose != 2 and is_watched():
        return Progress()
    return None if verbose == "auto" else EpochLines()


@final
class Progress(Callback):
    """A bar with the running loss and metrics, and a line for each epoch that ended.

    The bar is tqdm's, or in a notebook one display that is replaced. It is drawn at most ten
    times a second, and only where stderr is a terminal or a notebook's. Reading the running
    numbers waits for the device, each time.

    >>> "look" in Progress.hears
    True
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset(
        {"fit_begin", "epoch_begin", "look", "epoch_end", "fit_end"}
    )

    def __init__(self) -> None:
        self._bar: EpochBar | NotebookBar | None = None
        self._lines = EpochLines()
        self._began = self._drawn = 0.0
        self._waits = False  # the epoch's bar, for its first look

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._open()
        elif event.kind == "fit_end":
            self._close()
        elif self._bar is not None:
            self._move(self._bar, event)
        if event.kind in EpochLines.hears:
            self._lines(event)

    def _move(self, bar: "EpochBar | NotebookBar", event: Event) -> None:
        now = time.perf_counter()
        if event.kind == "epoch_begin":
            self._began, self._waits = now, True
        if self._waits and (event.kind == "look" or now - self._drawn >= LOOK_SECONDS):
            bar.begin(_title(event), event.steps, now - self._began)
            self._drawn, self._waits = now, False
        if event.kind == "look":
            bar.show(event.step, _numbers(event.logs))
            self._drawn = now
        elif event.kind == "epoch_end" and not self._waits:
            bar.fill(event.step)

    def _open(self) -> None:
        from lampas.callbacks.bar import new_bar

        self._close()
        self._bar = new_bar()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None


@final
class EpochLines(Callback):
    """A line on stderr for each epoch: its numbers and its time; at the end, why a run stopped.

    >>> "look" in EpochLines.hears
    False
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"epoch_begin", "epoch_end", "fit_end"})

    def __init__(self) -> None:
        self._began = 0.0

    def __call__(self, event: Event) -> None:
        if event.kind == "epoch_begin":
            self._began = time.perf_counter()
        elif event.kind == "epoch_end":
            took = duration(time.perf_counter() - self._began)
            say(f"{_title(event)}  {_numbers(event.logs)}  {took}")
        elif event.history.stopped is not None:
            say(f"Stopped: {event.history.stopped}")


def _title(event: Event) -> str:
    return f"Epoch {event.epoch:>{len(str(event.epochs))}}/{event.epochs}"


def _numbers(logs: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {number(value)}" for name, value in logs.items() if name != "epoch")
