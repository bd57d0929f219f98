"""How many processes read, by times that the test makes up."""

from typing import Any

import pytest
import torch

from lampas.data import choice as module
from lampas.data.choice import Choice


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)


def _choice(batches: int = 1000, passes: int = 10) -> Choice:
    return Choice(batches, passes, on_host=True)


def _here(choice: Choice, read: float, used: float, times: int = 100) -> None:
    for _ in range(times):
        if choice.count:
            return
        choice.here(read, used)


def _ahead(choice: Choice, waited: float, used: float, times: int = 300) -> None:
    for _ in range(times):
        if not choice.count:
            return
        choice.ahead(waited, used)


@pytest.mark.parametrize(
    ("read", "used", "count"),
    [
        (10e-3, 10e-3, 1),
        (12e-3, 10e-3, 2),
        (12e-3, 3e-3, 4),  # 15 ms of work on four cores
        (30e-3, 10e-3, 3),
        (100e-3, 1e-3, 4),
        (3e-3, 10e-3, 1),
        (1e-3, 20e-3, 0),  # a twentieth is not worth it
        (0.3e-3, 0.1e-3, 0),  # on its way it would take longer
    ],
)
def test_as_many_as_keep_the_model_fed(read: float, used: float, count: int) -> None:
    choice = _choice()
    _here(choice, read, used)
    assert choice.count == count


@pytest.mark.parametrize(
    ("batches", "passes", "count"), [(1000, 1, 1), (100, 10, 0), (10, 100, 0), (90, 1, 0)]
)
def test_only_where_the_run_ends_sooner_by_more_than_it_costs(
    batches: int, passes: int, count: int
) -> None:
    """Each batch gains 9.5 ms, each pass costs 100."""
    choice = _choice(batches, passes)
    if count == 0 and (batches, passes) == (100, 10):
        choice._start = 1.0  # with a slow start
    _here(choice, 10e-3, 10e-3)
    assert choice.count == count


@pytest.mark.parametrize(
    ("threads", "cores", "count"), [(1, 1, 0), (4, 4, 2), (1, 2, 2), (2, 2, 1), (8, 8, 2)]
)
def test_cores_that_the_step_works_on_count(
    threads: int, cores: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: cores)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    choice = _choice()
    _here(choice, 20e-3, 10e-3)
    assert choice.count == count
    choice = Choice(1000, 10, on_host=False)
    _here(choice, 20e-3, 10e-3)
    assert choice.count == (0 if cores == 1 else 2)


def test_the_first_batches_and_a_pause_say_nothing() -> None:
    choice = _choice()
    _here(choice, 1.0, 1e-3, 2)
    _here(choice, 1e-3, 20e-3, 4)
    _here(choice, 5.0, 20e-3, 1)
    _here(choice, 1e-3, 20e-3, 90)
    assert choice.count == 0


def test_with_accumulation_the_steps_are_behind_one_batch_in_so_many() -> None:
    choice = _choice()
    for number in range(40):
        _here(choice, 12e-3, 40e-3 if number % 4 == 3 else 0.01e-3, 1)
    assert choice.count == 2


def test_reading_that_becomes_slow_is_noticed() -> None:
    choice = _choice()
    _here(choice, 0.1e-3, 10e-3, 200)
    assert choice.count == 0
    _here(choice, 10e-3, 10e-3, 20)
    assert choice.count == 1


def test_uneven_batches_are_read_further_ahead() -> None:
    choice = _choice()
    for number in range(20):
        _here(choice, 50e-3 if number % 5 == 0 else 10e-3, 10e-3, 1)
    assert (choice.count, choice.depth) == (1, 4)
    choice = _choice()
    _here(choice, 10e-3, 10e-3)
    assert (choice.count, choice.depth) == (1, 2)


def test_it_says_so_when_they_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    choice = _choice()
    _here(choice, 12e-3, 10e-3)
    assert capsys.readouterr().err == ""
    for _ in range(3):
        choice.started(0.05)
        choice.started(0.05)
    assert capsys.readouterr().err == (
        "data: a batch takes 12 ms to read and 10 ms to compute: 2 workers read ahead from here "
        "on\n"
    )
    _ahead(choice, 1e-3, 10e-3)
    assert choice.count == 2
    assert choice.why is None
    assert capsys.readouterr().err == ""


def _tried(waited: float, used: float) -> Choice:
    choice = _choice()
    _here(choice, 12e-3, 10e-3)
    choice.started(0.05)
    _ahead(choice, waited, used)
    return choice


def test_where_they_are_no_faster_it_goes_on_without(capsys: pytest.CaptureFixture[str]) -> None:
    choice = _tried(15e-3, 15e-3)
    assert choice.count == 0
    _here(choice, 12e-3, 11e-3)
    _here(choice, 500e-3, 1e-3)
    assert choice.count == 0
    assert choice.why == "workers were no faster"
    assert capsys.readouterr().err.splitlines()[1:] == [
        "data: with 2 workers a batch takes 30 ms instead of 23 ms: it is read in this process "
        "again"
    ]


def test_unless_the_machine_has_become_slower(capsys: pytest.CaptureFixture[str]) -> None:
    choice = _tried(15e-3, 15e-3)
    _here(choice, 20e-3, 20e-3)
    assert choice.count == 2
    choice.started(0.05)
    _ahead(choice, 1.0, 1.0)
    assert choice.count == 2, "that is settled"
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_late_start_of_each_pass_counts() -> None:
    choice = _choice(20, 1000)
    _here(choice, 12e-3, 10e-3)
    choice.started(0.5)
    _ahead(choice, 1e-3, 10e-3)
    assert choice.count == 0, "25 ms more a batch"


def test_who_is_told_to_stay_stays() -> None:
    choice: Any = _choice()
    _here(choice, 12e-3, 10e-3)
    choice.stay("reading changes the dataset")
    _here(choice, 500e-3, 1e-3)
    assert (choice.count, choice.why) == (0, "reading changes the dataset")
