"""End the run, and keep what it has, when the loss is no longer a number."""

from typing import ClassVar, final

from lampas.callbacks.base import Callback, Event, EventKind, Stop


@final
class StopOnNaN(Callback):
    """Ends `fit` cleanly when the loss is nan or infinite; without it `fit` raises.

    The history so far is returned, and with `EarlyStopping` the best weights too.

    >>> sorted(StopOnNaN.hears)
    ['non_finite']
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"non_finite"})

    def __call__(self, event: Event) -> Stop | None:
        return Stop(
            f"StopOnNaN: the loss is not finite in epoch {event.epoch}, step {event.step + 1}"
        )
