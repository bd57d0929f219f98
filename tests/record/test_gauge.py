import math
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.callbacks import Callback, Event
from lampas.callbacks.run_log import RunLog
from lampas.record.gauge import EVERY, Gauge


class Gauged(Callback):
    hears = RunLog.hears

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.about: dict[str, Any] = {}
        self.step_every = 1

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self.gauge = Gauge(event)
        self.gauge.hear(event)
        if event.kind == "epoch_begin":
            self.step_every = self.gauge.step_every
        elif event.kind == "epoch_end":
            self.rows.append(self.gauge.row(event))
        elif event.kind == "fit_end":
            self.about = self.gauge.about()


def _fit(epochs: int, accumulate: int = 1, steps: int = 120, scheduler: Any = None) -> Gauged:
    torch.manual_seed(0)
    x = torch.randn(steps, 2)
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("sgd", "mse", accumulate=accumulate, scheduler=scheduler)
    gauged = Gauged()
    model.fit(x, x[:, :1], batch_size=1, epochs=epochs, validation_data=(x, x[:, :1]),
              verbose=0, callbacks=gauged)  # fmt: skip
    return gauged


def test_a_row_an_epoch() -> None:
    gauged = _fit(epochs=3)
    assert [row["epoch"] for row in gauged.rows] == [1, 2, 3]
    for row in gauged.rows:
        assert row["lr"] == 0.001
        assert row["gradient_norm"] > 0
        assert row["training_seconds"] > row["waited_seconds"] > 0
        assert row["validation_seconds"] > 0
    held = [row["memory"] for row in gauged.rows if "memory" in row]
    assert gauged.rows[0]["memory"] > 10_000_000  # and later at most four times a second
    assert gauged.step_every == EVERY  # in the third epoch no step is timed
    assert set(gauged.about["time_by_part"]) > {"data", "forward", "validation"}
    assert gauged.about["peak_memory"]["process"] >= max(held)


def test_the_norm_is_that_of_the_gradients() -> None:
    x = torch.tensor([[3.0, 4.0]])
    model = lampas.Model(nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        model.net.weight.zero_()
    model.compile(torch.optim.SGD(model.parameters(), lr=0.0), "mse")
    gauged = Gauged()
    model.fit(x, torch.tensor([[-0.5]]), epochs=1, verbose=0, callbacks=gauged)
    # The gradient of (w·x + 0.5)² at w = 0 is x.
    assert gauged.rows[0]["gradient_norm"] == pytest.approx(5.0)
    assert "validation_seconds" not in gauged.rows[0]


def test_no_norm_while_gradients_accumulate() -> None:
    gauged = _fit(epochs=1, accumulate=3)
    assert math.isfinite(gauged.rows[0]["gradient_norm"])


def test_the_rate_of_a_schedule() -> None:
    gauged = _fit(epochs=2, scheduler="cosine")
    assert gauged.rows[1]["lr"] < gauged.rows[0]["lr"] <= 0.001
