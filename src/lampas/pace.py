"""What happens between steps: learning rates follow their schedule, averages their weights."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor

from lampas.errors import InputError
from lampas.run import Run


class Pace:
    """Counts optimiser steps, and moves the schedule and the averaged weights along."""

    def __init__(self, run: Run) -> None:
        plan = run.model.plan
        self._model = run.model
        self._schedule = plan.schedule
        self._averaging = plan.averaging
        self.is_busy = plan.schedule is not None or plan.averaging is not None
        self._total = 0
        self.updates = 0
        self._has_begun = False
        self._rate: Any = 0.0
        if self.is_busy:
            self._count(run)

    def _count(self, run: Run) -> None:
        batches = run.feed.batches
        if batches is None:
            raise InputError(
                "a schedule or averaging needs the number of steps, which this data does not "
                "tell: pass steps_per_epoch"
            )
        per_epoch = -(-batches // run.model.plan.accumulate)
        self._total = per_epoch * run.epochs
        self.updates = per_epoch * (run.first_epoch - 1)

    def begin(self) -> None:
        """Before the first step of a run."""
        self._has_begun = True
        if self._schedule is not None:
            self._schedule.begin(self.updates, self._total)
        if self._averaging is not None:
            self._averaging.begin(self._model)

    def position(self) -> dict[str, Any]:
        """How far the run is, as numbers."""
        return {"updates": self.updates, "rate": float(self._rate)}

    def go_to(
        self,
        position: Mapping[str, Any],
        schedule: Mapping[str, Any] | None,
        averaging: Mapping[str, Tensor] | None,
    ) -> None:
        """Stand where `position` was taken, with the states of the schedule and the averages;
        the rates of this moment are the optimiser's to put back, after this."""
        self.updates, self._rate = int(position["updates"]), float(position["rate"])
        if self._schedule is not None and schedule is not None:
            self._schedule.load_state_dict(schedule)
        self.begin()
        if self._averaging is not None and averaging is not None:
            self._averaging.load_state_dict(averaging)

    def after_step(self) -> None:
        """After each optimiser step."""
        self.updates += 1
        self._rate = self._first_rate()
        if self._averaging is not None:
            self._averaging.update(self._model, self.updates, self._total)
        if self._schedule is not None:
            self._schedule.after_step(self.updates, self._total)

    def after_epoch(self) -> None:
        """After each epoch."""
        if self._schedule is not None:
            self._schedule.after_epoch()

    def averaged(self) -> AbstractContextManager[None]:
        """The averaged weights inside, the raw ones after: for validation and callbacks."""
        if self._averaging is None:
            return nullcontext()
        return self._averaging.swapped_in(self._model)

    def finish(self) -> None:
        """The averaged weights become the model's, where the run has begun: one that was refused
        leaves the model as it was."""
        if self._averaging is not None and self._has_begun:
            self._averaging.finish(self._model)

    def record(self) -> dict[str, float]:
        """The learning rate of the last step's first group, where a schedule moves it."""
        return {} if self._schedule is None else {"lr": float(self._rate)}

    def _first_rate(self) -> Any:
        if self._schedule is None:
            return 0.0
        return self._schedule.optimizer.param_groups[0]["lr"]
