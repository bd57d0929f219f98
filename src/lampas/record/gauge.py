"""What a run does beside its losses: time, learning rate, gradients, memory."""

import time
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lampas.gradients import gradients_of, norm_of
from lampas.plan import Plan, device_of
from lampas.record import memory
from lampas.record.clock import Clock

if TYPE_CHECKING:
    from lampas.callbacks.base import Event

EVERY = 50
"""The norm of the gradients is taken of each so many steps, and of an epoch's last."""


_PAUSE = 0.25  # seconds between two readings of memory


class Gauge:
    """Reads the vital signs of the run that `event`, its "fit_begin", tells of."""

    def __init__(self, event: "Event") -> None:
        self._model = event.model
        self._clock = Clock(event.model)
        self._norms: list[Tensor] = []
        self._seconds: dict[str, float] = {}
        self._next = 0.0

    @property
    def step_every(self) -> int:
        """Of how many steps one is to be told in the epoch that begins."""
        return 1 if self._clock.wants_steps else EVERY

    def hear(self, event: "Event") -> None:
        """Take in a moment of the run."""
        match event.kind:
            case "epoch_begin":
                self._norms, self._seconds = [], {}
                self._clock.begin_epoch()
            case "step":
                self._clock.step()
                if event.step % EVERY == 0:
                    self._take_norm(event.step)
            case "validation_begin":
                self._end_steps(event, "validation")
            case "epoch_end":
                self._end_epoch(event)
            case "fit_end":
                self._clock.end(event.waited)
            case _:
                pass

    def _end_steps(self, event: "Event", then: str) -> None:
        self._take_norm(event.step)
        took = self._clock.end_steps(event.waited, then)
        self._seconds = {"training_seconds": took, "waited_seconds": event.waited}

    def _end_epoch(self, event: "Event") -> None:
        if self._seconds:
            self._seconds["validation_seconds"] = self._clock.end_validation()
        else:
            self._end_steps(event, "other")

    def _take_norm(self, step: int) -> None:
        """Nothing waits for the device; while gradients accumulate they have no norm."""
        plan: Plan = self._model.plan
        gradients = gradients_of(plan.parameters)
        if gradients and step % plan.accumulate == 0:
            self._norms.append(norm_of(gradients))

    def row(self, event: "Event") -> dict[str, float]:
        """Of the epoch that `event` ends: "epoch"; "training_seconds", of them "waited_seconds"
        for data, and "validation_seconds"; "lr", of the first group of the first optimiser;
        "gradient_norm", the mean over some steps; and now and then "memory", the bytes the
        process holds."""
        found: dict[str, float] = {"epoch": event.epoch, **self._seconds}
        rate = event.logs["lr"] if "lr" in event.logs else _rate(self._model.plan)
        if rate is not None:
            found["lr"] = float(rate)
        if self._norms:
            found["gradient_norm"] = torch.stack([one.float() for one in self._norms]).mean().item()
        held = self._memory()
        return found if held is None else {**found, "memory": float(held)}

    def _memory(self) -> int | None:
        """Read at most four times a second, for it costs 0.1 ms."""
        now = time.perf_counter()
        if now < self._next:
            return None
        self._next = now + _PAUSE
        return memory.resident()

    def about(self) -> dict[str, Any]:
        """Of the whole run: the seconds of each part (see `Clock.seconds`), peaks of memory."""
        peaks = {
            "process": memory.peak(),
            "device": memory.peak_on(device_of(self._model)),
        }
        known = {name: size for name, size in peaks.items() if size is not None}
        time = {part: round(seconds, 4) for part, seconds in self._clock.seconds().items()}
        return {"time_by_part": time, "peak_memory": known}


def _rate(plan: Plan) -> Any:
    return next((o.param_groups[0]["lr"] for o in plan.optimizers), None)
