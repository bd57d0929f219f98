"""One call of `fit`: what its callbacks are told, and when looking is due."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.callbacks import Event, Stop
from lampas.data.batch import Batch
from lampas.errors import InputError
from lampas.run import LOOK_SECONDS, Run
from lampas.step import StepResult
from lampas.tally import LossSums, Tally

BATCH = Batch(torch.ones(4, 3), torch.ones(4, 1), None, 4)


class Feed:
    """Three times the same batch."""

    batches: int | None = 3

    def __iter__(self) -> Iterator[Batch]:
        yield from [BATCH] * 3


class Hears(lampas.Callback):
    def __init__(self, *kinds: Any, answer: Any = None) -> None:
        self.hears = frozenset(kinds)  # type: ignore[misc]
        self.answer = answer
        self.events: list[Event] = []

    def __call__(self, event: Event) -> Stop | None:
        self.events.append(event)
        return self.answer


def _run(*callbacks: Any, **options: Any) -> Run:
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("sgd", "mse", metrics=["mae"])
    return Run(model, Feed(), epochs=5, callbacks=list(callbacks), **options)


def test_only_those_who_hear_a_moment_are_told() -> None:
    steps, ends = Hears("step"), Hears("epoch_end", "fit_end")
    run = _run(steps, ends)
    run.begin(2)
    run.tell("step")
    run.tell("epoch_end", {"loss": 1.0})
    assert [e.kind for e in steps.events] == ["step"]
    (end,) = ends.events
    assert (end.epoch, end.epochs, end.step, end.steps) == (2, 5, 0, 3)
    assert end.logs == {"loss": 1.0}
    assert end.model is run.model
    assert end.history is run.history


def test_a_plain_function_hears_the_epochs_end() -> None:
    seen: list[str] = []
    run = _run(lambda event: seen.append(event.kind))
    run.tell("fit_begin")
    run.tell("epoch_end")
    assert seen == ["epoch_end"]


def test_the_first_to_ask_stops_the_run_and_all_are_told() -> None:
    first, second = Hears("step", answer=Stop("one")), Hears("step", answer=Stop("two"))
    run = _run(first, second)
    run.tell("step")
    assert run.stopped == "one"
    assert len(second.events) == 1


class Raises(Hears):
    def __call__(self, event: Event) -> Stop | None:
        super().__call__(event)
        raise RuntimeError("no room")


def test_the_end_is_told_to_all_also_where_one_raises() -> None:
    last = Hears("fit_end")
    with pytest.raises(RuntimeError, match="no room"):
        _run(Raises("fit_end"), last).tell_end()
    assert [event.kind for event in last.events] == ["fit_end"]


def test_the_end_knows_what_ended_the_run() -> None:
    end = Hears("epoch_end", "fit_end")
    fault = ValueError("bad")
    run = _run(Raises("fit_end"), end, error=fault)
    run.tell("epoch_end")
    run.tell_end()  # the fault goes on its way: what the callback raises is not in its place
    _run(end).tell_end()
    _run(end, interrupted=True).tell_end()
    assert [event.error for event in end.events[:3]] == [None, fault, None]
    assert isinstance(end.events[3].error, KeyboardInterrupt)
    assert run.error is None


@pytest.mark.parametrize("answer", [True, "stop", 3])
def test_an_answer_that_is_no_stop(answer: Any) -> None:
    with pytest.raises(InputError) as caught:
        _run(Hears("step", answer=answer)).tell("step")
    assert str(caught.value) == (
        f"the callback Hears returned {answer!r}: return None, or lampas.Stop('why') to end the run"
    )


def test_who_listens_is_known_beforehand() -> None:
    assert not _run(Hears("epoch_end")).is_watched
    assert _run(Hears("step")).is_watched
    assert _run(Hears("look")).is_watched


def test_looking_is_due_at_most_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("lampas.run.time.perf_counter", lambda: now[0])
    looks = Hears("look")
    run = _run(looks)
    tally = Tally(run.model.plan)
    result = run.model.train_step(BATCH)
    assert not isinstance(result, dict)
    tally.add(result, BATCH)
    for _ in range(5):
        run.listen(tally)
    assert len(looks.events) == 1
    assert set(looks.events[0].logs) == {"loss", "mae"}
    now[0] += LOOK_SECONDS
    run.listen(tally)
    assert len(looks.events) == 2


def test_workers_that_a_ctrl_c_ended_are_no_error() -> None:
    def dies() -> Iterator[Batch]:
        yield BATCH
        raise RuntimeError("DataLoader worker (pid 1) exited unexpectedly")

    run = _run()
    with pytest.raises(RuntimeError, match="exited"):
        list(run.watched(dies()))
    run.interrupted = True
    assert list(run.watched(dies())) == [BATCH]


def test_where_it_stands_and_whether_it_has_trained() -> None:
    run = _run(first_epoch=3)
    run.begin(3)
    assert run.where == "in epoch 3, step 1"
    assert not run.has_trained
    run.step = 1
    assert run.where == "in epoch 3, step 2"
    assert run.has_trained
    run.begin(4)
    assert run.has_trained


def test_the_running_numbers_of_a_step_are_looked_at_when_read() -> None:
    class Counted:
        looks = 0

        def running(self) -> dict[str, float]:
            self.looks += 1
            return {"loss": 2.0, "mae": 1.0}

    tally: Any = Counted()
    tally.losses = LossSums(_run().model.plan)
    tally.losses.add(StepResult([torch.tensor(1.0)], [4], None))
    steps = Hears("step")
    _run(steps).listen(tally)
    assert tally.looks == 0
    logs = steps.events[0].logs
    assert (dict(logs), len(logs), logs["mae"]) == ({"loss": 2.0, "mae": 1.0}, 2, 1.0)
    assert tally.looks == 1


def test_who_needs_few_steps_is_told_of_few() -> None:
    rare, rarer, none = Hears("step"), Hears("step"), Hears("step")
    rare.step_every, rarer.step_every, none.step_every = 4, 6, 0
    run = _run(rare, rarer)
    tally = Tally(run.model.plan)
    for epoch in (1, 2, 3):
        run.begin(epoch)
        for batch in run.feed:
            tally.add(run.model.train_step(batch), batch)
            run.step += 1
            run.listen(tally)
    # 3 steps an epoch, counted through the epochs: each second one serves both.
    assert [(e.epoch, e.step) for e in rare.events] == [(1, 2), (2, 1), (2, 3), (3, 2)]
    assert not _run(none).hears_steps
    assert _run(none).is_watched is False


def test_an_event_of_a_step_has_its_losses_as_tensors() -> None:
    steps = Hears("step")
    run = _run(steps)
    tally = Tally(run.model.plan)
    run.begin(1)
    for size in (4, 1):
        batch = Batch(torch.ones(size, 3) * size, torch.ones(size, 1), None, size)
        result = run.model.train_step(batch)
        tally.add(result, batch)
        run.listen(tally)
        (loss,) = steps.events[-1].losses.values()
        assert loss is result.values[0]
