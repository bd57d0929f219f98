"""How often a checkpoint is written."""

import re
import time
from dataclasses import dataclass, field
from typing import Protocol

from lampas.errors import InputError

_UNITS = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0,
          "hour": 3600.0}  # fmt: skip
_HELP = "write '5 min', '30 s', '1 h', '200 steps', 'epoch' or '2 epochs'"


class Every(Protocol):
    """Asked after each optimiser step and after each epoch whether it is time."""

    def after_step(self, steps: int) -> bool:
        """Whether it is, `steps` of the run being done."""
        ...

    def after_epoch(self, epoch: int) -> bool:
        """Whether it is, `epoch` being over."""
        ...

    def done(self, steps: int) -> None:
        """A checkpoint was taken, after so many steps of the run."""
        ...


@dataclass
class EverySteps:
    """After each `count` steps; where several batches make a step of the optimiser, after it."""

    count: int
    last: int = 0

    def after_step(self, steps: int) -> bool:
        return steps // self.count > self.last // self.count

    def after_epoch(self, epoch: int) -> bool:
        return False

    def done(self, steps: int) -> None:
        self.last = steps


@dataclass
class EverySeconds:
    """When so many seconds have passed since the last one; reading the clock costs 50 ns."""

    seconds: float
    since: float = field(default_factory=time.monotonic)

    def after_step(self, steps: int) -> bool:
        return time.monotonic() - self.since >= self.seconds

    def after_epoch(self, epoch: int) -> bool:
        return self.after_step(0)

    def done(self, steps: int) -> None:
        self.since = time.monotonic()


@dataclass
class EveryEpochs:
    """At the end of each `count`-th epoch."""

    count: int

    def after_step(self, steps: int) -> bool:
        return False

    def after_epoch(self, epoch: int) -> bool:
        return epoch % self.count == 0

    def done(self, steps: int) -> None: ...


def every_of(text: object) -> Every:
    """What `text` says: "epoch", "2 epochs", "200 steps", "5 min", "30 s", "1 h".

    Raises `InputError` for anything else, and for nothing at a time.

    >>> every_of("200 steps").count, every_of("1.5 min").seconds, every_of("epoch").count
    (200, 90.0, 1)
    >>> every_of("often")
    Traceback (most recent call last):
    lampas.errors.InputError: every is 'often': write '5 min', '30 s', '1 h', '200 steps', ...
    """
    form = r"\s*(\d+(?:\.\d*)?)?\s*([a-z]+?)s?\s*"
    found = re.fullmatch(form, text) if isinstance(text, str) else None
    if found is None:
        raise InputError(f"every is {text!r}: {_HELP}")
    amount, unit = float(found[1] or 1), found[2] or "s"
    if unit in ("step", "epoch") and amount >= 1 and amount.is_integer():
        return EverySteps(int(amount)) if unit == "step" else EveryEpochs(int(amount))
    if unit in _UNITS and amount > 0:
        return EverySeconds(amount * _UNITS[unit])
    raise InputError(f"every is {text!r}: {_HELP}")
