"""Between the steps: counting optimiser steps, schedules and averages along with them."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.data.batch import Batch
from lampas.errors import InputError
from lampas.optim import EMA
from lampas.pace import Pace
from lampas.run import Run


class Feed:
    def __init__(self, batches: int | None) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Batch]:
        yield from ()


def _run(batches: int | None = 5, epochs: int = 4, first: int = 1, **options: Any) -> Run:
    model = lampas.Model(nn.Linear(2, 1))
    model.compile(torch.optim.SGD(model.parameters(), lr=0.8), "mse", **options)
    return Run(model, Feed(batches), epochs=epochs, first_epoch=first)


def _begun(run: Run) -> Pace:
    pace = Pace(run)
    pace.begin()
    return pace


def _linear(step: int, total: int) -> float:
    return 1 - step / total


def test_without_schedule_and_averages_there_is_nothing_to_do() -> None:
    pace = _begun(_run(batches=None))
    assert not pace.is_busy
    assert pace.record() == {}
    pace.after_epoch()
    with pace.averaged():
        pass
    pace.finish()


def test_the_rate_in_the_record_is_the_last_steps() -> None:
    pace = _begun(_run(scheduler=_linear))
    assert pace.is_busy
    for done in range(5):
        pace.after_step()
        assert pace.updates == done + 1
        assert pace.record()["lr"] == pytest.approx(0.8 * (1 - done / 20))


@pytest.mark.parametrize(("accumulate", "per_epoch"), [(1, 5), (2, 3), (5, 1), (9, 1)])
def test_steps_are_those_of_the_optimiser(accumulate: int, per_epoch: int) -> None:
    run = _run(first=3, accumulate=accumulate, scheduler=_linear)
    pace = _begun(run)
    assert pace.updates == 2 * per_epoch  # of the two epochs already done
    assert run.model.optimizer.param_groups[0]["lr"] == pytest.approx(0.4)


def test_the_steps_of_a_run_must_be_known() -> None:
    for options in ({"scheduler": "cosine"}, {"averaging": EMA()}):
        with pytest.raises(InputError, match="which this data does not tell: pass steps_per_epoch"):
            _begun(_run(batches=None, **options))


def test_averages_are_lent_and_left() -> None:
    run = _run(averaging=EMA(0.5, warmup=False))
    weight = run.model.net.weight
    with torch.no_grad():
        weight.fill_(0.0)
    pace = _begun(run)
    with torch.no_grad():
        weight.fill_(1.0)
    pace.after_step()
    with pace.averaged():
        assert weight.tolist() == [[0.5, 0.5]]
    assert weight.tolist() == [[1.0, 1.0]]
    pace.finish()
    assert weight.tolist() == [[0.5, 0.5]]
    assert pace.record() == {}
