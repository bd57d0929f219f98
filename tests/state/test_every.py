import time

import pytest

from lampas.errors import InputError
from lampas.state.every import EveryEpochs, EverySeconds, EverySteps, every_of


@pytest.mark.parametrize(
    ("text", "kind", "amount"),
    [("epoch", EveryEpochs, 1), ("2 epochs", EveryEpochs, 2), ("200 steps", EverySteps, 200),
     ("1step", EverySteps, 1), ("5 min", EverySeconds, 300), ("0.5 h", EverySeconds, 1800),
     ("30 s", EverySeconds, 30), (" 2 minutes ", EverySeconds, 120),
     ("hour", EverySeconds, 3600)],
)  # fmt: skip
def test_what_can_be_written(text: str, kind: type, amount: float) -> None:
    found = every_of(text)
    assert type(found) is kind
    assert amount in vars(found).values()


@pytest.mark.parametrize(
    "text", ["", "often", "0 steps", "1.5 steps", "-3 s", "30", "0 min", None, 5]
)
def test_what_cannot_is_answered_with_examples(text: object) -> None:
    with pytest.raises(InputError, match=r"every is .*: write '5 min', '30 s'"):
        every_of(text)


def test_steps_are_counted_over_the_run() -> None:
    every = EverySteps(3)
    due: list[int] = []
    for steps in (1, 2, 4, 5, 6, 7, 11):  # several batches make a step, perhaps
        if every.after_step(steps):
            due.append(steps)
            every.done(steps)
    assert due == [4, 6, 11]
    assert not every.after_epoch(1)


def test_seconds_since_the_last_one() -> None:
    every = EverySeconds(3600)
    assert not every.after_step(5)
    every.since = time.monotonic() - 3601
    assert every.after_step(6)
    assert every.after_epoch(1)
    every.done(6)
    assert not every.after_step(7)


def test_epochs() -> None:
    every = EveryEpochs(2)
    assert [every.after_epoch(epoch) for epoch in (1, 2, 3, 4)] == [False, True, False, True]
    assert not every.after_step(7)
