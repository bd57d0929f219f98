import json
from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from lampas.errors import ArtifactError, InputError, UnknownNameError
from lampas.optim import Schedule, schedules


def sgd(*rates: float) -> torch.optim.Optimizer:
    rates = rates or (1.0,)
    return torch.optim.SGD(
        [{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates], momentum=0.9
    )


def rates(
    schedule: Schedule,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int = 4,
    steps: int = 3,
    first_epoch: int = 0,
) -> list[float]:
    """The first group's rate of each step, driven as the loop drives it."""
    total, found = epochs * steps, []
    done = first_epoch * steps
    schedule.begin(done, total)
    for _ in range(first_epoch, epochs):
        for _ in range(steps):
            found.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            done += 1
            schedule.after_step(done, total)
        schedule.after_epoch()
    return found


def test_none_leaves_the_rates() -> None:
    optimizer = sgd(0.3)
    assert rates(Schedule.of(None, optimizer), optimizer) == [0.3] * 12


def test_a_function_sets_each_steps_rate_of_each_group() -> None:
    optimizer = sgd(0.5, 0.05)
    schedule = Schedule.of(schedules.cosine(warmup=2), optimizer)
    expected = [schedules.cosine(warmup=2)(step, 12) for step in range(12)]
    assert rates(schedule, optimizer) == pytest.approx([0.5 * f for f in expected])
    schedule.begin(2, 12)
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.05]


def test_a_second_run_starts_from_the_same_base() -> None:
    optimizer = sgd()
    schedule = Schedule.of("linear", optimizer)
    assert rates(schedule, optimizer) == rates(schedule, optimizer)


def test_a_function_may_be_looked_at_each_epoch_only() -> None:
    optimizer = sgd()
    schedule = Schedule.of(schedules.linear(), optimizer, every="epoch")
    assert rates(schedule, optimizer, epochs=2, steps=2) == [1.0, 1.0, 0.5, 0.5]


def test_a_tensor_rate_is_filled_in_place() -> None:
    rate = torch.tensor(0.5)
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))], lr=rate)
    schedule = Schedule.of(lambda step, total: 0.5, optimizer)
    schedule.begin(0, 2)
    schedule.after_step(1, 2)
    assert optimizer.param_groups[0]["lr"].item() == 0.25
    assert isinstance(optimizer.param_groups[0]["lr"], torch.Tensor)


def test_a_group_that_comes_later_starts_from_its_own_rate() -> None:
    optimizer = sgd()
    schedule = Schedule.of(schedules.linear(), optimizer)
    schedule.begin(0, 4)
    optimizer.add_param_group({"params": [nn.Parameter(torch.zeros(1))], "lr": 0.1})
    schedule.after_step(2, 4)
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.05]


def test_torch_schedulers_step_each_epoch_and_one_cycle_each_step() -> None:
    optimizer = sgd()
    schedule = Schedule.of(lr_scheduler.StepLR(optimizer, 1, gamma=0.5), optimizer)
    assert rates(schedule, optimizer, epochs=3, steps=2) == [1, 1, 0.5, 0.5, 0.25, 0.25]

    optimizer = sgd()
    schedule = Schedule.of(lr_scheduler.StepLR(optimizer, 1, gamma=0.5), optimizer, every="step")
    assert rates(schedule, optimizer, epochs=2, steps=2) == [1, 0.5, 0.25, 0.125]

    optimizer = sgd()
    schedule = Schedule.of(lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=12), optimizer)
    expected = [schedules.one_cycle()(step, 12) for step in range(12)]
    assert rates(schedule, optimizer) == pytest.approx(expected)


def test_a_class_or_a_partial_is_built_with_the_optimizer() -> None:
    optimizer = sgd()
    schedule = Schedule.of(partial(lr_scheduler.StepLR, step_size=1, gamma=0.1), optimizer)
    assert rates(schedule, optimizer, epochs=2, steps=1) == pytest.approx([1.0, 0.1])
    with pytest.raises(InputError, match=r"^the scheduler StepLR cannot be built: .*step_size"):
        Schedule.of(lr_scheduler.StepLR, optimizer)


def sequential(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
    parts = [
        lr_scheduler.LinearLR(optimizer, 0.1, total_iters=2),
        lr_scheduler.CosineAnnealingLR(optimizer, 10),
    ]
    return lr_scheduler.SequentialLR(optimizer, parts, milestones=[2])


@pytest.mark.parametrize(
    "make",
    [
        lambda o: None,
        lambda o: schedules.cosine(warmup=0.2),
        lambda o: lr_scheduler.StepLR(o, 1, gamma=0.5),
        lambda o: lr_scheduler.MultiStepLR(o, [1, 3]),
        lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2),
        lambda o: lr_scheduler.OneCycleLR(o, 1.0, total_steps=12),
        lambda o: lr_scheduler.CyclicLR(o, 0.1, 1.0, step_size_up=3),
        sequential,
    ],
)
def test_a_resumed_run_goes_on_through_json(make) -> None:
    optimizer = sgd()
    whole = rates(Schedule.of(make(optimizer), optimizer), optimizer)

    optimizer = sgd()
    schedule = Schedule.of(make(optimizer), optimizer)
    schedule.begin(0, 12)
    first: list[float] = []
    for done in range(1, 7):
        first.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.after_step(done, 12)
        if done % 3 == 0:
            schedule.after_epoch()
    state = json.loads(json.dumps(schedule.state_dict()))
    saved = optimizer.state_dict()

    optimizer = sgd()
    resumed = Schedule.of(make(optimizer), optimizer)
    optimizer.load_state_dict(saved)
    optimizer.step()
    resumed.load_state_dict(state)
    assert first + rates(resumed, optimizer, first_epoch=2) == pytest.approx(whole, rel=1e-12)


def refused(spec, optimizer: torch.optim.Optimizer | None = None) -> str:
    with pytest.raises(InputError) as caught:
        Schedule.of(spec, optimizer or sgd())
    return str(caught.value)


def test_what_cannot_serve_gets_one_clear_line() -> None:
    optimizer = sgd()
    assert refused(lr_scheduler.StepLR(sgd(), 1)) == (
        "the scheduler StepLR was built for another optimizer: build it as StepLR(optimizer, ...) "
        "with the one that you pass to compile"
    )
    plateau = (
        "ReduceLROnPlateau needs a metric, which the scheduler= argument has not: "
        "pass callbacks=[lampas.callbacks.ReduceLROnPlateau(...)] to fit"
    )
    assert refused(lr_scheduler.ReduceLROnPlateau(optimizer), optimizer) == plateau
    assert refused(lr_scheduler.ReduceLROnPlateau, optimizer) == plateau
    assert refused(0.1) == (
        "the scheduler is a float; pass a torch LRScheduler or a function (step, total) -> factor"
    )
    assert refused(lambda epoch: 0.9**epoch) == (
        "the scheduler function <lambda> does not take (step, total): "
        "pass a torch LRScheduler or a function (step, total) -> factor"
    )


def test_unknown_strings_list_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError) as caught:
        Schedule.of("cosin", sgd())
    assert str(caught.value) == (
        "unknown schedule 'cosin': did you mean 'cosine'? Valid: constant, cosine, "
        "exponential, linear, one_cycle, polynomial, step_decay"
    )
    with pytest.raises(UnknownNameError) as caught:
        Schedule.of(None, sgd(), every="batch")  # pyright: ignore
    assert str(caught.value) == ("unknown schedule interval 'batch'. Valid: epoch, step")


@pytest.mark.parametrize("factor", [None, -0.5, float("nan")])
def test_a_function_must_return_a_factor(factor) -> None:
    schedule = Schedule.of(lambda step, total: factor, sgd())
    with pytest.raises(InputError) as caught:
        schedule.begin(0, 5)
    assert str(caught.value) == (
        f"the scheduler function returned {factor!r} for step 0 of 5; "
        "it must return a number >= 0 that multiplies the learning rate"
    )


def test_a_run_without_an_end_cannot_follow_a_function() -> None:
    with pytest.raises(InputError) as caught:
        Schedule.of("cosine", sgd()).begin(0, None)
    assert str(caught.value) == (
        "the scheduler needs the number of steps of the run: pass steps_per_epoch to fit"
    )


def test_a_one_cycle_that_is_too_short_is_found_before_the_run() -> None:
    optimizer = sgd()
    schedule = Schedule.of(lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=10), optimizer)
    with pytest.raises(InputError) as caught:
        schedule.begin(0, 12)
    assert str(caught.value) == (
        "the scheduler OneCycleLR has 10 of its 10 steps left, the run takes 12: "
        "build it with total_steps=12"
    )


def test_a_state_with_other_groups_is_refused() -> None:
    state = Schedule.of("linear", sgd(0.1, 0.2)).state_dict()
    with pytest.raises(ArtifactError) as caught:
        Schedule.of("linear", sgd()).load_state_dict(state)
    assert str(caught.value) == (
        "the saved schedule has 2 learning rates, the optimizer 1 parameter groups"
    )
