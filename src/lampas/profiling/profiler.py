"""A callback that times the first steps of a training, and a call that times some on a copy."""

import copy
import os
from collections.abc import Generator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, final

import torch
from torch import profiler as torchs

from lampas.callbacks.base import Callback, Event, EventKind, Stop
from lampas.data.feed import check_count
from lampas.errors import InputError
from lampas.profiling.profile import Operation, Profile
from lampas.profiling.stopwatch import Stopwatch

if TYPE_CHECKING:
    from lampas.model import Model

_WARM, _RECORDED = 3, 5  # steps before the timed ones, and after them with torch's profiler


@final
class Profiler(Callback):
    """Times `steps` steps of a run, after three, then records five with torch's profiler.

    `result` is the `Profile` afterwards; None where the run was too short. trace: a file for the
    recorded steps, ".json" or ".json.gz". stop: end the run when all is measured.

    The timed steps run as always but for a few hooks; see `Stopwatch`. The recorded ones are
    slower. After them nothing is left of it.

    >>> import lampas
    >>> x = torch.randn(640, 4)
    >>> model = lampas.Model(torch.nn.Linear(4, 1))
    >>> model.compile("sgd", "mse")
    >>> profiler = Profiler(steps=10)
    >>> _ = model.fit(x, x[:, :1], epochs=1, verbose=0, callbacks=profiler)
    >>> list(profiler.result.parts)
    ['data', 'forward', 'loss', 'backward', 'optimiser', 'metrics']
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset(
        {"fit_begin", "epoch_begin", "step", "fit_end"}
    )

    def __init__(
        self, steps: int = 20, *, trace: str | PathLike[str] | None = None, stop: bool = False
    ) -> None:
        check_count("steps", steps)
        self.steps, self.stop = steps, stop
        self.step_every = 1
        self.trace = None if trace is None else Path(trace)
        if self.trace is not None and not self.trace.name.endswith((".json", ".json.gz")):
            raise InputError(f"trace={str(trace)!r}: it is written as .json or .json.gz")
        if self.trace is not None and not self.trace.parent.is_dir():
            raise InputError(f"trace={str(trace)!r}: there is no folder {self.trace.parent}")
        self.result: Profile | None = None
        self._watch: Stopwatch | None = None
        self._recorder: Any = None
        self._timed: list[dict[str, float]] = []
        self._done = 0

    def __call__(self, event: Event) -> Stop | None:
        if event.kind == "fit_begin":
            self.result, self._done, self._timed = None, 0, []
            self.step_every = 1
            plan = event.model.plan
            self._watch = Stopwatch(event.model, plan.optimizers, after=plan.after_a_step)
        elif event.kind == "step":
            return self._step()
        elif event.kind == "epoch_begin" and self._watch is not None:
            self._watch.restart()
        elif event.kind == "fit_end":
            self._finish()
        return None

    def _step(self) -> Stop | None:
        self._done += 1
        if self._watch is not None:
            self._watch.end_step()
            if self._done == _WARM + self.steps:
                self._timed = self._watch.steps
                self._watch.remove()
                self._watch = None
                self._recorder = torchs.profile(activities=_activities())
                with _hushed():
                    self._recorder.start()
        elif self._recorder is not None and self._done == _WARM + self.steps + _RECORDED:
            self._finish()
        if self.result is not None:
            self.step_every = 0  # from the next epoch on, nobody is told of steps for it
        return None if self.result is None or not self.stop else Stop("Profiler: all is measured")

    def _finish(self) -> None:
        """Stop what runs; make the result where there is enough for one."""
        watch, recorder = self._watch, self._recorder
        self._watch = self._recorder = None
        if watch is not None:
            watch.remove()
            self._timed = watch.steps
        operations: tuple[Operation, ...] = ()
        if recorder is not None:
            with _hushed():
                recorder.stop()
            recorded = self._done - _WARM - self.steps
            operations = _operations(recorder, max(1, recorded))
            if self.trace is not None:
                recorder.export_chrome_trace(str(self.trace))
        steps = self._timed[_WARM:]
        if steps and self.result is None:
            trace = self.trace if recorder is not None else None
            in_ms = tuple({part: 1000 * time for part, time in step.items()} for step in steps)
            self.result = Profile(in_ms, operations, trace)


@contextmanager
def _hushed() -> Generator[None]:
    """Nothing reaches stderr: some builds of torch's profiler write there that they start and
    stop, from C++, and no setting keeps them from it."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _activities() -> list[torchs.ProfilerActivity]:
    found = [torchs.ProfilerActivity.CPU]
    return [*found, torchs.ProfilerActivity.CUDA] if torch.cuda.is_available() else found


def _operations(recorder: Any, steps: int) -> tuple[Operation, ...]:
    """What took time of its own, on the accelerator where something did."""
    events = list(recorder.key_averages())
    on_device = any(event.self_device_time_total > 0 for event in events)
    name = "self_device_time_total" if on_device else "self_cpu_time_total"
    found = [
        Operation(event.key, event.count / steps, getattr(event, name) / 1000 / steps)
        for event in events
    ]
    kept = [one for one in found if one.milliseconds > 0 and not one.name.startswith("Profiler")]
    return tuple(sorted(kept, key=lambda one: -one.milliseconds))


def profile(
    model: "Model", x: Any, y: Any = None, batch_size: int = 32, *, steps: int = 20,
    trace: str | PathLike[str] | None = None, sample_weight: Any = None,
) -> Profile:  # fmt: skip
    """Where the time of a training step of `model` goes, measured on a copy of it.

    x, y, batch_size, sample_weight: as `fit` takes them; a generator is read from. steps, trace:
    as `Profiler` takes them. Neither the model nor its optimiser nor torch's random state on the
    CPU is touched. Raises what `fit` raises, and `InputError` where x holds too few batches.
    """
    twin = _copy(model)
    profiler = Profiler(steps, trace=trace, stop=True)
    with torch.random.fork_rng(devices=[]):
        twin.fit(x, y, batch_size, epochs=_WARM + steps + _RECORDED, verbose=0,
                 callbacks=profiler, sample_weight=sample_weight)  # fmt: skip
    if profiler.result is None:
        raise InputError("x holds too few batches to time a step: pass more, or smaller batches")
    return profiler.result


def _copy(model: "Model") -> "Model":
    """A copy that is compiled as `model` is: its optimiser holds the copy's parameters."""
    memo: dict[int, Any] = {}
    twin = copy.deepcopy(model, memo)
    twin.__dict__["_plan"] = copy.deepcopy(model.plan, memo)
    for own, copied in zip(model.plan.optimizers, twin.plan.optimizers, strict=True):
        _complete(own, copied, memo)
    return twin


def _complete(own: torch.optim.Optimizer, copied: torch.optim.Optimizer, memo: Any) -> None:
    """What an optimiser keeps beside groups and state: torch copies those alone, and LBFGS needs
    more."""
    for name, value in vars(own).items():
        if name not in vars(copied):
            vars(copied)[name] = copy.deepcopy(value, memo)
