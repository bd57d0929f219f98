"""Stop when the time is over."""

import time
from typing import ClassVar, final

from lampas.callbacks.base import Callback, Event, EventKind, Stop
from lampas.errors import InputError
from lampas.printing import duration


@final
class TimeLimit(Callback):
    """Ends `fit` at the first step after `seconds + 60 minutes + 3600 hours` of training.

    The epoch under way is cut short and makes no row in the history; with `fit(checkpoint=...)`
    the same call goes on from that very step. The clock starts when `fit`
    does; reading it costs tens of nanoseconds a step.

    `is_over`: whether it ended the run. Raises `InputError` where the times add up to nothing.

    >>> TimeLimit(minutes=1.5).seconds
    90.0
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "step", "epoch_end"})

    def __init__(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0) -> None:
        self.seconds = seconds + 60.0 * minutes + 3600.0 * hours
        if not self.seconds > 0:
            raise InputError(
                "TimeLimit needs a time longer than 0: "
                "TimeLimit(90), TimeLimit(minutes=10) or TimeLimit(hours=2)"
            )
        self._end = 0.0
        self.is_over = False

    def __call__(self, event: Event) -> Stop | None:
        now = time.perf_counter()
        if event.kind == "fit_begin":
            self._end, self.is_over = now + self.seconds, False
        elif now >= self._end:
            self.is_over = True
            return Stop(f"TimeLimit: {duration(self.seconds)} are over", resumes=True)
        return None
