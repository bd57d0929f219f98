import math
import warnings
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from lampas.errors import InputError
from lampas.optim import schedules
from lampas.optim.schedules import ScheduleFunction

FALLING = {
    "linear": schedules.linear,
    "cosine": schedules.cosine,
    "polynomial": schedules.polynomial,
    "exponential": schedules.exponential,
}
LENGTH = st.integers(0, 20) | st.floats(0, 0.5)
END = st.floats(0.001, 1)


@pytest.mark.parametrize("name", sorted(FALLING))
@settings(max_examples=40, deadline=None)
@given(total=st.integers(1, 60), length=LENGTH, end=END)
def test_rises_to_one_then_falls_to_the_end(name, total, length, end) -> None:
    f = FALLING[name](warmup=length, end=end)
    values = [f(step, total) for step in range(total + 3)]
    rise = schedules.steps_of(length, total)
    assert all(0 < v <= 1 for v in values)
    rising = values[: min(rise + 1, total)]
    assert rising == sorted(rising)
    if rise < total:
        assert values[rise] == 1.0
        assert all(a >= b for a, b in pairwise(values[rise:]))
        assert values[total:] == pytest.approx([end] * 3)


@pytest.mark.parametrize("name", sorted(schedules.SCHEDULES))
@pytest.mark.parametrize("total", [0, 1, 2])
def test_the_shortest_runs_have_finite_factors(name: str, total: int) -> None:
    f = schedules.SCHEDULES[name]()
    assert all(0 <= f(step, total) <= 1 for step in range(total + 2))


@settings(max_examples=40, deadline=None)
@given(
    total=st.integers(1, 60),
    peak_at=st.floats(0, 1),
    start=st.floats(0, 1),
    end=st.floats(0, 1),
)
def test_one_cycle_rises_once_and_falls_once(total, peak_at, start, end) -> None:
    f = schedules.one_cycle(peak_at=peak_at, start=start, end=end)
    values = [f(step, total) for step in range(total)]
    peak = max(range(total), key=lambda step: values[step])
    near = 1e-12
    assert all(a <= b + near for a, b in pairwise(values[: peak + 1]))
    assert all(a + near >= b for a, b in pairwise(values[peak:]))
    assert all(min(start, end) - near <= v <= 1 + near for v in values)


def rates(make, steps: int) -> list[float]:
    """The learning rates that a torch scheduler gives to an optimizer of rate 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = make(optimizer)
        found = []
        for _ in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return found


COINCIDE: list[tuple[ScheduleFunction, object]] = [
    (
        schedules.one_cycle(),
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=40, cycle_momentum=False),
    ),
    (
        schedules.one_cycle(peak_at=0.5, start=0.1, end=0.01),
        lambda o: lr_scheduler.OneCycleLR(
            o,
            max_lr=1.0,
            total_steps=40,
            pct_start=0.5,
            div_factor=10,
            final_div_factor=10,
            cycle_momentum=False,
        ),
    ),
    (schedules.cosine(end=0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, 40, eta_min=0.1)),
    (schedules.linear(end=0.2), lambda o: lr_scheduler.LinearLR(o, 1.0, 0.2, total_iters=40)),
    (schedules.polynomial(power=0.9), lambda o: lr_scheduler.PolynomialLR(o, 40, power=0.9)),
    (
        schedules.exponential(end=0.05),
        lambda o: lr_scheduler.ExponentialLR(o, gamma=0.05 ** (1 / 40)),
    ),
    (
        schedules.step_decay(every=7, factor=0.5),
        lambda o: lr_scheduler.StepLR(o, step_size=7, gamma=0.5),
    ),
    (
        schedules.warmup(9),
        lambda o: lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=9),
    ),
    (
        schedules.cosine(warmup=9),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=9),
                lr_scheduler.CosineAnnealingLR(o, 31),
            ],
            milestones=[9],
        ),
    ),
]


@pytest.mark.parametrize(("ours", "theirs"), COINCIDE)
def test_equals_torchs_scheduler(ours: ScheduleFunction, theirs) -> None:
    assert [ours(step, 40) for step in range(40)] == pytest.approx(rates(theirs, 40), abs=1e-6)


def test_a_share_and_its_steps_are_the_same() -> None:
    by_share, by_steps = schedules.cosine(warmup=0.1), schedules.cosine(warmup=20)
    assert [by_share(s, 200) for s in range(200)] == [by_steps(s, 200) for s in range(200)]


def test_the_step_decay_starts_after_its_warm_up() -> None:
    f = schedules.step_decay(every=2, factor=0.5, warmup=2)
    assert [f(step, 6) for step in range(6)] == pytest.approx([1 / 3, 2 / 3, 1, 1, 0.5, 0.5])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: schedules.warmup(-1),
            "warmup is -1: pass an int (steps) or a float between 0 and 1 (a share of the run)",
        ),
        (
            lambda: schedules.linear(warmup=5.0),
            "warmup is 5.0: pass an int (steps) or a float between 0 and 1 (a share of the run)",
        ),
        (lambda: schedules.cosine(end=2), "the schedule's end is 2; it must lie in [0, 1]"),
        (lambda: schedules.exponential(end=0), "exponential: end is 0; it must lie in (0, 1]"),
        (lambda: schedules.polynomial(power=0), "polynomial: power is 0; it must be positive"),
        (
            lambda: schedules.step_decay(every=0),
            "step_decay: every is 0 and factor 0.1; every must be positive, "
            "factor must lie in (0, 1]",
        ),
        (
            lambda: schedules.one_cycle(start=math.nan),
            "one_cycle: start is nan; it must lie in [0, 1]",
        ),
    ],
)
def test_bad_arguments_get_one_clear_line(make, message: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == message
