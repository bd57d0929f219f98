import time
from typing import Any

import pytest

from lampas.callbacks import TimeLimit
from lampas.errors import InputError


def test_it_asks_to_stop_when_the_time_is_over_and_not_before(drive: Any) -> None:
    limit = TimeLimit(0.2)
    drive.begin(limit)
    began = time.perf_counter()
    answer = drive.tell(limit, "step", step=1)
    assert answer is None
    while answer is None and time.perf_counter() - began < 5:
        time.sleep(0.01)
        answer = drive.tell(limit, "step", step=2)
    assert 0.2 <= time.perf_counter() - began < 2
    assert drive.history.stopped == "TimeLimit: 200ms are over"


def test_a_long_validation_counts_too(drive: Any) -> None:
    limit = TimeLimit(1e-9)
    drive.begin(limit)
    assert drive.end_epoch(limit, loss=1.0) is not None


def test_each_run_has_the_whole_time(drive: Any) -> None:
    limit = TimeLimit(0.1)
    drive.begin(limit)
    time.sleep(0.12)
    assert drive.tell(limit, "step") is not None
    drive.begin(limit)
    assert drive.tell(limit, "step") is None


def test_times_add_up() -> None:
    assert TimeLimit(1, minutes=2, hours=3).seconds == 1 + 120 + 10800


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_no_time_at_all_is_refused(seconds: float) -> None:
    with pytest.raises(InputError) as caught:
        TimeLimit(seconds)
    assert str(caught.value) == (
        "TimeLimit needs a time longer than 0: "
        "TimeLimit(90), TimeLimit(minutes=10) or TimeLimit(hours=2)"
    )
