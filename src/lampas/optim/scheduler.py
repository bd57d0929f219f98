"""What the loop asks of a learning-rate schedule, whoever wrote it."""

import inspect
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, cast

import torch
from torch import Tensor
from torch.optim import lr_scheduler

from lampas.errors import ArtifactError, InputError, unknown_name
from lampas.optim.schedules import SCHEDULES, ScheduleFunction

Every = Literal["step", "epoch"]
TorchScheduler = lr_scheduler.LRScheduler
ScheduleSpec = str | TorchScheduler | ScheduleFunction | Callable[..., TorchScheduler] | None

_PER_STEP = (lr_scheduler.OneCycleLR, lr_scheduler.CyclicLR)
_SCHEDULE_HELP = "pass a torch LRScheduler or a function (step, total) -> factor"


class Schedule(ABC):
    """Sets the learning rates of one optimizer, `optimizer`, as a run goes on."""

    optimizer: torch.optim.Optimizer

    @staticmethod
    def of(
        spec: ScheduleSpec, optimizer: torch.optim.Optimizer, every: Every | None = None
    ) -> "Schedule":
        """The schedule that `spec` means for `optimizer`.

        None: rates stay as they are. A torch `LRScheduler` of this optimizer: stepped after
        each epoch, or after each step where it is a `OneCycleLR` or `CyclicLR` (or a chain that
        holds one); `every` says otherwise. A scheduler class or a `functools.partial` of one is
        called with the optimizer. A function `(step, total) -> factor` (see
        `lampas.optim.schedules`), or its name in the table there, multiplies each group's rate
        of now, before each step, or each epoch where `every` is "epoch".

        Raises `UnknownNameError` for an unknown string, and `InputError` for a scheduler of
        another optimizer, `ReduceLROnPlateau` (a callback here), and anything else.

        >>> from lampas.optim import schedules
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.2)
        >>> schedule = Schedule.of(schedules.linear(), optimizer)
        >>> schedule.begin(0, total=4)
        >>> schedule.after_step(1, total=4)
        >>> round(optimizer.param_groups[0]["lr"], 3)
        0.15
        """
        if every not in (None, "step", "epoch"):
            raise unknown_name("schedule interval", str(every), ("step", "epoch"))
        if spec is None:
            return Fixed(optimizer)
        if isinstance(spec, str):
            if spec not in SCHEDULES:
                raise unknown_name("schedule", spec, SCHEDULES)
            return FunctionSchedule(SCHEDULES[spec](), optimizer, every or "step")
        built = _built(spec, optimizer)
        if isinstance(built, TorchScheduler):
            return TorchSchedule(built, optimizer, every or _default_every(built))
        return FunctionSchedule(built, optimizer, every or "step")

    @abstractmethod
    def begin(self, step: int, total: int | None) -> None:
        """Before the first step of a run: `step` steps are done, of `total` (None: unknown)."""

    @abstractmethod
    def after_step(self, step: int, total: int | None) -> None:
        """After an optimizer step: `step` steps are done now."""

    @abstractmethod
    def after_epoch(self) -> None:
        """After the last step of an epoch."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Numbers, strings, None, and lists and dicts of these."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict` of the same kind of schedule, before `begin`."""


class Fixed(Schedule):
    """Rates stay as they are."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def begin(self, step: int, total: int | None) -> None:
        """Nothing to do."""

    def after_step(self, step: int, total: int | None) -> None:
        """Nothing to do."""

    def after_epoch(self) -> None:
        """Nothing to do."""

    def state_dict(self) -> dict[str, Any]:
        """Empty."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to do."""


class FunctionSchedule(Schedule):
    """Base rates, taken when this is built, times a function of the steps done and the total.

    The factor is set before each step, or, with `every` "epoch", before the first step of each
    epoch. Rates that somebody else sets meanwhile are overwritten.
    """

    def __init__(
        self, function: ScheduleFunction, optimizer: torch.optim.Optimizer, every: Every
    ) -> None:
        _check_function(function)
        self._function = function
        self.optimizer = optimizer
        self._every = every
        self._now: tuple[int, int | None] = (0, None)
        self._base = [float(group["lr"]) for group in optimizer.param_groups]

    def begin(self, step: int, total: int | None) -> None:
        """Set the rates of the first step; raises `InputError` for a factor that is no number,
        and where `total` is None: a schedule must know where the run ends."""
        if total is None:
            raise InputError(
                "the scheduler needs the number of steps of the run: pass steps_per_epoch to fit"
            )
        factor = cast(object, self._function(step, total))
        if not isinstance(factor, int | float) or not math.isfinite(factor) or factor < 0:
            raise InputError(
                f"the scheduler function returned {factor!r} for step {step} of {total}; "
                "it must return a number >= 0 that multiplies the learning rate"
            )
        self._now = step, total
        self._set()

    def after_step(self, step: int, total: int | None) -> None:
        """Set the rates of the next step."""
        self._now = step, total
        if self._every == "step":
            self._set()

    def after_epoch(self) -> None:
        """Set the rates of the next epoch, where that is the interval."""
        if self._every == "epoch":
            self._set()

    def state_dict(self) -> dict[str, Any]:
        """The base rates; the position comes with `begin`."""
        return {"base": list(self._base)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the base rates; raises `ArtifactError` where their number differs."""
        base = state.get("base", [])
        if len(base) != len(self._base):
            raise ArtifactError(
                f"the saved schedule has {len(base)} learning rates, "
                f"the optimizer {len(self._base)} parameter groups"
            )
        self._base = [float(rate) for rate in base]

    def _set(self) -> None:
        step, total = self._now
        factor = self._function(step, cast(int, total))
        groups = self.optimizer.param_groups
        # Groups that were added since start from the rate they came with.
        self._base += [float(group["lr"]) for group in groups[len(self._base) :]]
        for group, base in zip(groups, self._base, strict=True):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(base * factor)
            else:
                group["lr"] = base * factor


class TorchSchedule(Schedule):
    """A torch `LRScheduler`, stepped after each step or each epoch."""

    def __init__(
        self, scheduler: TorchScheduler, optimizer: torch.optim.Optimizer, every: Every
    ) -> None:
        name = type(scheduler).__name__
        if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
            raise InputError(
                "ReduceLROnPlateau needs a metric, which the scheduler= argument has not: "
                "pass callbacks=[lampas.callbacks.ReduceLROnPlateau(...)] to fit"
            )
        if scheduler.optimizer is not optimizer:
            raise InputError(
                f"the scheduler {name} was built for another optimizer: build it as "
                f"{name}(optimizer, ...) with the one that you pass to compile"
            )
        self.optimizer = optimizer
        self._scheduler = scheduler
        self._every = every
        self._has_stepped = False

    def begin(self, step: int, total: int | None) -> None:
        """Raises `InputError` where a OneCycleLR has fewer steps than the run."""
        limit = getattr(self._scheduler, "total_steps", None)
        if self._every == "step" and isinstance(limit, int) and total is not None:
            left, wanted = limit - self._scheduler.last_epoch, total - step
            if wanted > left:
                raise InputError(
                    f"the scheduler {type(self._scheduler).__name__} has {left} of its {limit} "
                    f"steps left, the run takes {wanted}: build it with "
                    f"total_steps={limit + wanted - left}"
                )

    def after_step(self, step: int, total: int | None) -> None:
        """Step the scheduler, where that is the interval."""
        if self._every == "step":
            self._step()

    def after_epoch(self) -> None:
        """Step the scheduler, where that is the interval."""
        if self._every == "epoch":
            self._step()

    def _step(self) -> None:
        if self._has_stepped:
            self._scheduler.step()
            return
        self._has_stepped = True
        with warnings.catch_warnings():
            # torch takes a step that the fp16 scaler left out for one that comes too late.
            warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
            self._scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """The scheduler's own, without what is neither number nor text (constructor's objects)."""
        return cast(dict[str, Any], _plain(self._scheduler.state_dict()))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue; the scheduler must have been built with the same arguments."""
        self._scheduler.load_state_dict(dict(state))


def _built(
    spec: TorchScheduler | ScheduleFunction | Callable[..., TorchScheduler],
    optimizer: torch.optim.Optimizer,
) -> TorchScheduler | ScheduleFunction:
    made = spec.func if isinstance(spec, partial) else spec
    if inspect.isclass(made) and issubclass(made, TorchScheduler):
        make = cast(Callable[..., TorchScheduler], spec)
        try:
            return make(optimizer)
        except TypeError as error:
            raise InputError(
                f"the scheduler {made.__name__} cannot be built: {error}; "
                f"pass {made.__name__}(optimizer, ...)"
            ) from error
    if isinstance(spec, TorchScheduler):
        return spec
    if not callable(spec):
        raise InputError(f"the scheduler is a {type(spec).__name__}; {_SCHEDULE_HELP}")
    return cast(ScheduleFunction, spec)


def _default_every(scheduler: TorchScheduler) -> Every:
    inner = getattr(scheduler, "_schedulers", [])
    return "step" if any(isinstance(s, _PER_STEP) for s in (scheduler, *inner)) else "epoch"


def _check_function(function: ScheduleFunction) -> None:
    try:
        inspect.signature(function).bind(0, 1)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise InputError(
            f"the scheduler function {name} does not take (step, total): {_SCHEDULE_HELP}"
        ) from error
    except ValueError:
        return  # a builtin without a signature: the first call will tell


def _plain(value: object) -> object:
    if isinstance(value, Tensor):
        return value.item() if value.numel() == 1 else value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        items = cast(dict[object, object], value).items()
        return {k: _plain(v) for k, v in items if isinstance(k, str) and _is_plain(v)}
    return value


def _is_plain(value: object) -> bool:
    """Whether a value survives as numbers and text; MultiStepLR's Counter has int keys."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in cast(dict[object, object], value))
    if isinstance(value, list | tuple):
        return all(_is_plain(v) for v in cast(list[object], value))
    return value is None or isinstance(value, int | float | str | Tensor)
