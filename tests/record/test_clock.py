import time
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.callbacks import Callback, Event
from lampas.record.clock import Clock


class Clocked(Callback):
    """A clock that follows a run as the log's gauge does."""

    hears = frozenset({"epoch_begin", "step", "validation_begin", "epoch_end", "fit_end"})

    def __init__(self, model: Any) -> None:
        self.clock = Clock(model)
        self.timed = 0

    def __call__(self, event: Event) -> None:
        clock = self.clock
        if event.kind == "epoch_begin":
            clock.begin_epoch()
        elif event.kind == "step":
            self.timed += clock.wants_steps
            clock.step()
        elif event.kind == "validation_begin":
            clock.end_steps(event.waited, "validation")
        elif event.kind == "epoch_end":
            clock.end_validation()
            time.sleep(0.02)
        else:
            clock.end(event.waited)


class Slow(nn.Module):
    """Sleeps forwards, and longer where nothing is learnt."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(0.002 if self.training else 0.01)
        return self.inner(x)


class Rows(torch.utils.data.Dataset[Any]):
    def __len__(self) -> int:
        return 20

    def __getitem__(self, place: int) -> tuple[torch.Tensor, torch.Tensor]:
        time.sleep(0.001)
        return torch.ones(2), torch.ones(1)


def test_each_part_gets_its_seconds() -> None:
    model = lampas.Model(Slow())
    model.compile("sgd", "mse")
    clocked = Clocked(model)
    began = time.perf_counter()
    loader = torch.utils.data.DataLoader(Rows(), batch_size=2)
    held_out = (torch.ones(2, 2), torch.ones(2, 1))
    model.fit(loader, epochs=5, validation_data=held_out, verbose=0, callbacks=clocked)
    whole = time.perf_counter() - began
    found = clocked.clock.seconds()
    assert list(found) == [
        "data", "forward", "loss", "backward", "optimiser", "metrics", "validation", "other",
    ]  # fmt: skip
    assert sum(found.values()) <= whole
    assert sum(found.values()) == pytest.approx(whole, rel=0.2)  # the rest is before the run
    assert found["data"] >= 5 * 20 * 0.001
    assert found["forward"] >= 0.9 * 5 * 10 * 0.002  # of 50 steps, some are sampled
    assert found["validation"] >= 5 * 0.01
    assert found["other"] >= 5 * 0.02
    assert found["forward"] > found["backward"]
    assert clocked.timed == 30  # all ten of the epochs 1, 2 and 4


def test_a_run_that_is_cut_off_in_an_epoch(recwarn: Any) -> None:
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("sgd", "mse")
    clock = Clock(model)
    assert clock.seconds() == {}
    clock.begin_epoch()
    model(torch.ones(1, 2)).sum().backward()
    model.plan.optimizers[0].step()
    clock.step()
    clock.end(0.0)
    assert clock.seconds()["other"] >= 0
    assert not model._forward_hooks
    assert not model._forward_pre_hooks


def test_a_step_of_one_s_own_is_one_part() -> None:
    class Own(lampas.Model):
        def train_step(self, batch: Any) -> Any:
            time.sleep(0.002)
            return super().train_step(batch)

    model = Own(nn.Linear(2, 1))
    model.compile("sgd", "mse")
    clocked = Clocked(model)
    model.fit(torch.ones(20, 2), torch.ones(20, 1), batch_size=2, verbose=0, callbacks=clocked)
    found = clocked.clock.seconds()
    assert list(found) == ["data", "steps", "validation", "other"]
    assert found["steps"] >= 10 * 0.002
