"""The bar of a whole run: small tables have hundreds of epochs of a few milliseconds."""

import time
from typing import TYPE_CHECKING, ClassVar, final

from lampas.callbacks import Callback, CallbackLike, EpochLines, Event, EventKind
from lampas.printing import number

if TYPE_CHECKING:
    from lampas.callbacks.bar import EpochBar

_PAUSE = 0.1  # seconds between two drawings
_SLOW = 1.0  # an epoch that takes longer shows its steps


def display(quiet: bool, verbose: bool) -> list[CallbackLike]:
    """Who shows the training: nobody, a line an epoch, or a bar (on a terminal alone)."""
    if quiet:
        return []
    return [EpochLines()] if verbose else [RunBar()]


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


def _done(event: Event) -> int:
    return event.epoch if event.kind == "epoch_end" else max(event.epoch - 1, 0)


def _step(event: Event) -> str:
    of = f"/{event.steps}" if event.steps else ""
    return f"step {event.step}{of}  loss {number(event.logs['loss'])}"


def _epoch(event: Event) -> str:
    """The losses alone: these and the bar are what 80 letters hold."""
    losses = {name: event.logs[name] for name in ("loss", "val_loss") if name in event.logs}
    return "  ".join(f"{name} {number(value)}" for name, value in losses.items())
