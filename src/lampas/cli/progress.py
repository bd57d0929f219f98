"""What shows that a run goes on: a bar of all its epochs, or now and then a line in a log.

Small tables have hundreds of epochs of a few milliseconds: a bar or a line each would be noise.
"""

import time
from typing import TYPE_CHECKING, ClassVar, final

from lampas.callbacks import Callback, CallbackLike, EpochLines, Event, EventKind
from lampas.callbacks.say import say
from lampas.callbacks.terminal import is_watched
from lampas.printing import number

if TYPE_CHECKING:
    from lampas.callbacks.bar import EpochBar

_PAUSE = 0.1  # seconds between two drawings
_SLOW = 1.0  # an epoch that takes longer shows its steps
_SIGN = 30.0  # seconds between two lines of a log


def display(quiet: bool, verbose: bool) -> list[CallbackLike]:
    """Who shows the training: nobody, a line an epoch, a bar on a terminal, signs in a log."""
    if quiet:
        return []
    if verbose:
        return [EpochLines()]
    return [RunBar() if is_watched() else SignsOfLife()]


@final
class RunBar(Callback):
    """One moving line over all epochs, gone at the end; nothing where stderr is no terminal."""

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "look", "epoch_end", "fit_end"})

    def __init__(self) -> None:
        self._bar: EpochBar | None = None
        self._next = 0.0
        self._ended = 0.0
        self._last = ""

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._open(event)
        elif event.kind == "fit_end":
            self._close()
        else:
            self._move(event)

    def _move(self, event: Event) -> None:
        now = time.perf_counter()
        if event.kind == "epoch_end":
            self._ended, self._last = now, _epoch(event)
        if self._bar is not None and now >= self._next:
            self._next = now + _PAUSE
            slow = event.kind == "look" and now - self._ended > _SLOW
            self._bar.show(_done(event), _step(event) if slow else self._last)

    def _open(self, event: Event) -> None:
        from lampas.callbacks.bar import EpochBar

        self._close()
        self._bar = EpochBar()
        self._bar.begin("Epochs", event.epochs)
        self._bar.show(0, "")
        self._ended, self._last = time.perf_counter(), ""

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None


@final
class SignsOfLife(Callback):
    """A line on stderr each half minute, for who reads a log; none in a run that is over sooner."""

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "look", "epoch_end"})

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, event: Event) -> None:
        now = time.perf_counter()
        if event.kind != "fit_begin" and now < self._next:
            return
        self._next = now + _SIGN
        if event.kind != "fit_begin":
            shown = _epoch(event) if event.kind == "epoch_end" else _step(event)
            say(f"Epoch {event.epoch}/{event.epochs}  {shown}")


def _done(event: Event) -> int:
    return event.epoch if event.kind == "epoch_end" else max(event.epoch - 1, 0)


def _step(event: Event) -> str:
    of = f"/{event.steps}" if event.steps else ""
    return f"step {event.step}{of}  loss {number(event.logs['loss'])}"


def _epoch(event: Event) -> str:
    """The losses alone: these and the bar are what 80 letters hold."""
    losses = {name: event.logs[name] for name in ("loss", "val_loss") if name in event.logs}
    return "  ".join(f"{name} {number(value)}" for name, value in losses.items())
