"""One monitored number over a run: where it is read from the row, and whether it got better."""

import math
import warnings
from collections.abc import Mapping
from typing import final

from torch import Tensor

from lampas.callbacks.base import Event
from lampas.callbacks.stateful import State
from lampas.errors import InputError, UnknownNameError, unknown_name
from lampas.monitor import Mode, is_better, lower_is_better


@final
class Watch:
    """Follows `monitor` for the callback named `owner`, and remembers the best value.

    An epoch may lack the number: with `validation_freq=k` only every k-th has `val_` ones. The
    rule: a monitor that was read before may be absent; one that starts with `val_` may be absent
    from a row with no `val_` number at all; any other absence raises `UnknownNameError` with
    the names there are, at the end of that epoch. `warn_if_never` tells when a whole run passed
    without the number.

    Raises `InputError` at once where the name does not say whether lower or higher is better.

    >>> watch = Watch("EarlyStopping", "val_loss")
    >>> watch.take({"loss": 0.9}), watch.take({"loss": 0.8, "val_loss": 0.7}), watch.best
    (None, True, 0.7)
    """

    def __init__(
        self, owner: str, monitor: str, mode: Mode = "auto", min_delta: float = 0.0
    ) -> None:
        self.owner = owner
        self.monitor = monitor
        self.lower = lower_is_better(monitor, mode)
        self.min_delta = min_delta
        self.reset()

    def reset(self) -> None:
        """Forget everything seen."""
        self.best = math.nan
        self.value = math.nan
        self.seen = False
        self._waits = False

    def begin(self, event: Event) -> None:
        """Forget everything seen. Raises `InputError` where the run will not have the number."""
        self.reset()
        if self.monitor.startswith("val_") and not event.validates:
            raise InputError(
                f"{self.owner} watches {self.monitor!r}, but this fit has no validation data: pass "
                "validation_data or validation_split, or choose another monitor"
            )

    def take(self, logs: Mapping[str, float]) -> bool | None:
        """Read a row: whether it is the best so far by more than `min_delta`; None: not there."""
        if self.monitor not in logs:
            self._excuse(logs)
            return None
        self.seen = True
        self.value = logs[self.monitor]
        better = self.beats(self.best)
        if better:
            self.best = self.value
        return better

    def beats(self, mark: float) -> bool:
        """Whether the value read last is better than `mark` by more than `min_delta`."""
        return is_better(self.value, mark, self.lower, self.min_delta)

    def warn_if_never(self) -> None:
        """Warn, at the end of a run, that each of its epochs was excused for the number."""
        if self._waits and not self.seen:
            warnings.warn(
                f"{self.owner} watched {self.monitor!r}, which no epoch of this run reported: "
                "pass validation_data to fit, or choose another monitor",
                stacklevel=2,
            )

    def state(self) -> State:
        """The memory as numbers."""
        return {"best": self.best, "seen": float(self.seen)}

    def load_state(self, state: Mapping[str, float | Tensor]) -> None:
        """Take up the memory that `state` gave."""
        self.best = float(state["best"])
        self.seen = bool(state["seen"])

    def _excuse(self, logs: Mapping[str, float]) -> None:
        self._waits = self.seen or may_come_later(self.monitor, logs)
        if not self._waits:
            raise missing(f"{self.owner} monitor", self.monitor, logs)


def may_come_later(name: str, logs: Mapping[str, float]) -> bool:
    """Whether `name` may be absent from this row only because it has no validation.

    >>> may_come_later("val_loss", {"loss": 0.5}), may_come_later("val_los", {"val_loss": 0.5})
    (True, False)
    """
    return name.startswith("val_") and not any(known.startswith("val_") for known in logs)


def missing(kind: str, name: str, logs: Mapping[str, float]) -> UnknownNameError:
    """The error for a number that this run does not report, with those it does.

    >>> print(missing("Checkpoint monitor", "acc", {"epoch": 1, "loss": 0.5}))
    unknown Checkpoint monitor 'acc'. Valid: loss
    """
    return unknown_name(kind, name, [known for known in logs if known != "epoch"])
