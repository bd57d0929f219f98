"""Lower the learning rate when a number no longer improves."""

from collections.abc import Mapping
from typing import Any, ClassVar, final

import torch
from torch import Tensor

from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.say import say
from lampas.callbacks.stateful import State
from lampas.callbacks.watch import Watch
from lampas.errors import InputError
from lampas.monitor import Mode
from lampas.printing import number


@final
class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` when `monitor` stands still (Keras's callback).

    After `patience` epochs without an improvement of more than `min_delta`, the rate of each
    parameter group of each optimiser becomes `max(rate * factor, min_lr)` (a rate already below
    `min_lr` stays), and one line on stderr says so. Then patience rests, and counts again from
    the last of `cooldown` epochs on, as in Keras.
    `mode` and epochs without the number: as in `EarlyStopping`.

    Not together with `compile(scheduler=...)`: a scheduler that sets the rate anew at every step
    overwrites what this callback did. Use one of the two.

    Raises `InputError` for a factor outside (0, 1), for negative numbers, and for a monitor
    whose name does not say which way is better.

    >>> ReduceLROnPlateau(factor=2)
    Traceback (most recent call last):
    ...
    lampas.errors.InputError: ReduceLROnPlateau: factor must be between 0 and 1, not 2
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "epoch_end", "fit_end"})

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        mode: Mode = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        if not 0 < factor < 1:
            raise InputError(f"ReduceLROnPlateau: factor must be between 0 and 1, not {factor!r}")
        for name, value in (
            ("patience", patience),
            ("min_delta", min_delta),
            ("cooldown", cooldown),
            ("min_lr", min_lr),
        ):
            if value < 0:
                raise InputError(f"ReduceLROnPlateau: {name} must be 0 or more, not {value!r}")
        self.factor = factor
        self.patience = patience
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._watch = Watch("ReduceLROnPlateau", monitor, mode, min_delta)
        self._reset()

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._reset()
            self._watch.begin(event)
        elif event.kind == "fit_end":
            self._watch.warn_if_never()
        elif self._stands_still(event):
            self._reduce(event)

    def state(self) -> State:
        """The memory as numbers."""
        return {**self._watch.state(), "wait": self._wait, "rest": self._rest}

    def load_state(self, state: Mapping[str, float | Tensor]) -> None:
        """Take up the memory that `state` gave."""
        self._watch.load_state(state)
        self._wait = int(state["wait"])
        self._rest = int(state["rest"])

    def _reset(self) -> None:
        self._watch.reset()
        self._wait = 0
        self._rest = 0

    def _stands_still(self, event: Event) -> bool:
        better = self._watch.take(event.logs)
        if better is None:
            return False
        if self._rest > 0:
            self._rest -= 1
            self._wait = 0
            if self._rest > 0:
                return False
        self._wait = 0 if better else self._wait + 1
        return self._wait >= max(self.patience, 1)

    def _reduce(self, event: Event) -> None:
        optimizer = event.model.optimizer
        several = optimizer.values() if isinstance(optimizer, Mapping) else [optimizer]
        groups = [group for one in several for group in one.param_groups]
        changed = [_lower(group, self.factor, self.min_lr) for group in groups]
        told = ", ".join(dict.fromkeys(line for line in changed if line))
        if not told:
            return
        waited, self._wait = self._wait, 0
        self._rest = self.cooldown
        say(
            f"ReduceLROnPlateau: epoch {event.epoch}: learning rate {told} ({self._watch.monitor} "
            f"no better than {number(self._watch.best)} for {waited} "
            f"epoch{'s' if waited > 1 else ''})"
        )


def _lower(group: dict[str, Any], factor: float, min_lr: float) -> str:
    """Lower one group's rate in place and tell it, or "" where it is as low as it may be."""
    old = float(group["lr"])
    new = min(old, max(old * factor, min_lr))
    if new == old:
        return ""
    if isinstance(group["lr"], Tensor):
        # The optimiser (capturable, compiled) holds on to this very tensor.
        with torch.no_grad():
            group["lr"].fill_(new)
    else:
        group["lr"] = new
    return f"{old:.3g} → {new:.3g}"
