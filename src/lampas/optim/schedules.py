"""Learning-rate schedules as plain functions: `(step, total) -> factor`.

Each function here returns a schedule: a function of the steps done so far (0 before the first
step) and of the run's number of steps, whose value multiplies the base rate of each parameter
group. Step `t` is made with the factor of `t`; steps beyond the total keep the last factor.

A length is an int (so many steps) or a float between 0 and 1 (that share of the run). A warm-up
of w steps rises evenly from 1 / (w + 1) to 1 at step w, so that no step is wasted at rate 0.

`SCHEDULES` is the table behind the strings, each with its defaults.
"""

import math
from collections.abc import Callable

from lampas.errors import InputError

ScheduleFunction = Callable[[int, int], float]


def steps_of(length: int | float, total: int) -> int:
    """A length in steps: an int is that, a float a share of `total` steps.

    >>> steps_of(100, 1000), steps_of(0.05, 1000)
    (100, 50)
    """
    return length if isinstance(length, int) else round(length * total)


def constant() -> ScheduleFunction:
    """Factor 1 throughout.

    >>> constant()(7, 10)
    1.0
    """
    return lambda step, total: 1.0


def warmup(length: int | float, then: ScheduleFunction | None = None) -> ScheduleFunction:
    """Rise evenly to 1 over `length`, then follow `then` over the rest (None: stay at 1).

    f(t) = (t + 1) / (w + 1) for t < w, and then(t - w, total - w). Goyal et al. 2017.
    Equals torch's `LinearLR(start_factor=1 / (w + 1), total_iters=w)`.

    >>> [round(warmup(3)(step, 10), 2) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    check_length("warmup", length)

    def factor(step: int, total: int) -> float:
        rise = steps_of(length, total)
        if step < rise:
            return (step + 1) / (rise + 1)
        return 1.0 if then is None else then(step - rise, total - rise)

    return factor


def linear(*, warmup: int | float = 0, end: float = 0.0) -> ScheduleFunction:
    """Fall in a straight line from 1 to `end`, reached after the last step.

    f(p) = 1 + (end - 1) p, where p is the share of the steps after the warm-up that are done.
    Equals torch's `LinearLR(start_factor=1, end_factor=end, total_iters=total)`.

    >>> [linear()(step, 4) for step in range(5)]
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    return _falling(warmup, end, lambda done: 1 - done)


def cosine(*, warmup: int | float = 0, end: float = 0.0) -> ScheduleFunction:
    """Fall along half a cosine from 1 to `end`, reached after the last step.

    f(p) = end + (1 - end) (1 + cos(pi p)) / 2. Loshchilov and Hutter 2017 (SGDR), without
    restarts. Equals torch's `CosineAnnealingLR(T_max=total)`, whose `eta_min` is `end` times lr.

    >>> [round(cosine()(step, 4), 3) for step in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    return _falling(warmup, end, lambda done: (1 + math.cos(math.pi * done)) / 2)


def polynomial(
    *, power: float = 2.0, warmup: int | float = 0, end: float = 0.0
) -> ScheduleFunction:
    """Fall from 1 to `end`, reached after the last step: f(p) = end + (1 - end) (1 - p)^power.

    Chen et al. 2017 (DeepLab, power 0.9). Power 1 is `linear`; with `end` 0 it equals torch's
    `PolynomialLR(total_iters=total, power=power)`. Raises `InputError` unless power > 0.

    >>> [polynomial()(step, 4) for step in (0, 2, 4)]
    [1.0, 0.25, 0.0]
    """
    if not power > 0:
        raise InputError(f"polynomial: power is {power}; it must be positive")
    return _falling(warmup, end, lambda done: (1 - done) ** power)


def exponential(*, end: float = 0.01, warmup: int | float = 0) -> ScheduleFunction:
    """Fall from 1 to `end` by an equal factor each step: f(p) = end^p.

    Equals torch's `ExponentialLR(gamma)` with gamma = end^(1 / total), stepped each step.
    Raises `InputError` unless 0 < end <= 1.

    >>> [round(exponential(end=0.01)(step, 4), 3) for step in (0, 2, 4)]
    [1.0, 0.1, 0.01]
    """
    if not 0 < end <= 1:
        raise InputError(f"exponential: end is {end}; it must lie in (0, 1]")
    return _after_warmup(warmup, lambda done: end**done)


def step_decay(
    *, every: int | float = 0.25, factor: float = 0.1, warmup: int | float = 0
) -> ScheduleFunction:
    """Multiply by `factor` after each `every` steps (counted from the warm-up's end).

    f(t) = factor^floor(t / every). He et al. 2016 divide by 10. Equals torch's
    `StepLR(step_size=every, gamma=factor)`, stepped each step.
    Raises `InputError` unless 0 < factor <= 1 and `every` is positive.

    >>> [step_decay(every=2, factor=0.5)(step, 6) for step in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    check_length("every", every)
    if not every > 0 or not 0 < factor <= 1:
        raise InputError(
            f"step_decay: every is {every} and factor {factor}; "
            "every must be positive, factor must lie in (0, 1]"
        )

    def stairs(step: int, total: int) -> float:
        return factor ** (min(step, total) // max(1, steps_of(every, total)))

    return _warmed(warmup, stairs)


def one_cycle(
    *, peak_at: float = 0.3, start: float = 1 / 25, end: float = 4e-6
) -> ScheduleFunction:
    """One rise from `start` to 1 and one fall to `end`, both along half a cosine.

    Smith and Topin 2018 ("Super-Convergence"). The peak comes at step peak_at * total - 1, and
    the last step is made at `end`. With the optimizer's lr as the peak, equals torch's
    `OneCycleLR(max_lr=lr, total_steps=total, pct_start=peak_at)`: there `start` is
    1 / div_factor and `end` is start / final_div_factor. Momentum is left alone.
    Raises `InputError` unless 0 <= peak_at <= 1 and 0 <= start, end <= 1.

    >>> [round(one_cycle()(step, 11), 2) for step in (0, 1, 2, 3, 6, 10)]
    [0.04, 0.42, 0.96, 0.98, 0.53, 0.0]
    """
    for name, share in (("peak_at", peak_at), ("start", start), ("end", end)):
        if not 0 <= share <= 1:
            raise InputError(f"one_cycle: {name} is {share}; it must lie in [0, 1]")

    def factor(step: int, total: int) -> float:
        last = max(total - 1, 1)
        step, peak = min(step, last), min(max(peak_at * total - 1, 0.0), last)
        if step < peak:
            return _half_cosine(start, 1.0, step / peak)
        return _half_cosine(1.0, end, (step - peak) / (last - peak) if peak < last else 0.0)

    return factor


SCHEDULES: dict[str, Callable[[], ScheduleFunction]] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "polynomial": polynomial,
    "exponential": exponential,
    "step_decay": step_decay,
    "one_cycle": one_cycle,
}


def check_length(name: str, length: int | float) -> None:
    """Raise `InputError` unless `length` is an int >= 0 or a float between 0 and 1.

    >>> check_length("warmup", 1.5)
    Traceback (most recent call last):
    lampas.errors.InputError: warmup is 1.5: pass an int (steps) or a float between 0 and 1 (a
    share of the run)
    """
    fits = length >= 0 if isinstance(length, int) else 0 <= length <= 1
    if not fits:
        raise InputError(
            f"{name} is {length}: pass an int (steps) or a float between 0 and 1 "
            "(a share of the run)"
        )


def _falling(warmup: int | float, end: float, shape: Callable[[float], float]) -> ScheduleFunction:
    if not 0 <= end <= 1:
        raise InputError(f"the schedule's end is {end}; it must lie in [0, 1]")
    return _after_warmup(warmup, lambda done: end + (1 - end) * shape(done))


def _after_warmup(length: int | float, curve: Callable[[float], float]) -> ScheduleFunction:
    """A curve over the share of the steps that are done, from 0 to 1."""
    return _warmed(length, lambda step, total: curve(min(step / total, 1.0) if total > 0 else 1.0))


def _warmed(length: int | float, then: ScheduleFunction) -> ScheduleFunction:
    return warmup(length, then) if length else then


def _half_cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
