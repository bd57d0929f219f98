import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lampas
from lampas import tally as module
from lampas.data.batch import Batch
from lampas.errors import InputError, NonFiniteError
from lampas.step import StepResult
from lampas.tally import LossSums, Tally
from lampas.tree import pack, unpack


def _plan(loss: Any = "mse", metrics: Any = None, **options: Any) -> Any:
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("sgd", loss, metrics, **options)
    return model.plan


def _step(*pairs: tuple[float, Any], y_pred: Any = None) -> StepResult:
    return StepResult([torch.tensor(v) for v, _ in pairs], [count for _, count in pairs], y_pred)


@settings(deadline=None, max_examples=50)
@given(
    steps=st.lists(st.tuples(st.floats(-9, 9, width=32), st.integers(0, 9)), min_size=1),
    on_device=st.booleans(),
    keep=st.integers(1, 5),
)
def test_a_mean_is_over_samples(steps: Any, on_device: bool, keep: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "KEEP_STEPS", keep)
        sums = LossSums(_plan())
        for value, count in steps:
            sums.add(_step((value, torch.tensor(float(count)) if on_device else count)))
        found = sums.results()["loss"]
    total = math.fsum(value * count for value, count in steps)
    assert found == pytest.approx(total / (sum(count for _, count in steps) or 1), abs=1e-6)


def test_sums_are_taken_as_they_are() -> None:
    sums = LossSums(_plan(nn.MSELoss(reduction="sum")))
    sums.add(_step((6.0, 3)))
    sums.add(_step((2.0, 1)))
    assert sums.results() == {"loss": 2.0}


def test_parts_penalties_and_their_total() -> None:
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("sgd", {"a": "mse", "b": "mse"}, loss_weights={"b": 3.0},
                  penalties=lampas.losses.L2(0.1))  # fmt: skip
    sums = LossSums(model.plan)
    sums.add(_step((1.0, 2), (2.0, 1), (0.5, 1)))
    sums.add(_step((4.0, 1), (5.0, 2), (0.3, 1)))
    found = sums.results()
    assert found == pytest.approx({"loss": 2.0 + 3 * 4.0, "a_loss": 2.0, "b_loss": 4.0, "l2": 0.4})
    assert next(iter(found)) == "loss"
    assert sums.results() == found


def test_nothing_seen() -> None:
    assert LossSums(_plan()).results() == {}


def test_the_first_step_that_is_not_finite_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_STEPS", 2)
    sums = LossSums(_plan())
    for value in (1.0, 2.0, 3.0, float("inf"), float("nan")):
        sums.add(_step((value, 1)))
    with pytest.raises(NonFiniteError) as caught:
        sums.check_finite()
    assert str(caught.value) == "loss is inf at step 4"


def _custom(*results: Any, metrics: Any = None) -> dict[str, float]:
    tally = Tally(_plan(metrics=metrics))
    for number, result in enumerate(results, start=1):
        y = torch.zeros(number, 1)
        tally.add(result, Batch(y, y, None, number))
    return tally.results()


def test_a_custom_step_has_names_of_its_own() -> None:
    found = _custom({"d": torch.tensor(3.0, requires_grad=True), "g": 1}, {"d": 0.0, "g": 4.0})
    assert found == pytest.approx({"d": 1.0, "g": 3.0})
    found = _custom({"loss": torch.ones(1)}, {"loss": torch.ones(1, 1)})
    assert found == {"loss": 1.0}


def test_what_a_custom_step_predicts_is_measured() -> None:
    steps = [{"loss": 1.0, "y_pred": torch.full((1, 1), 2.0)},
             {"loss": 1.0, "y_pred": torch.full((2, 1), 5.0)}]  # fmt: skip
    assert _custom(*steps, metrics=["mae"]) == pytest.approx({"loss": 1.0, "mae": 4.0})


@pytest.mark.parametrize(
    ("results", "line"),
    [
        ([torch.tensor(1.0)],
         "train_step returned a Tensor: return a dict of 0-d losses, such as {'loss': loss}"),
        ([None], "train_step returned a NoneType: return a dict of 0-d losses, such as "
                 "{'loss': loss}"),
        ([{}], "train_step returned no loss: return a dict such as {'loss': loss}"),
        ([{"y_pred": torch.ones(1)}],
         "train_step returned no loss: return a dict such as {'loss': loss}"),
        ([{"d": torch.ones(4)}], "train_step returned 'd' of shape (4,): return its mean over the "
                                 "batch, a 0-d tensor"),
        ([{"d": 1.0}, {"d": 1.0, "g": 1.0}],
         "train_step returned ['d', 'g'] after ['d']: return the same names each time"),
        ([{"d": 1.0, "g": 1.0}, {"g": 1.0, "d": 1.0}],
         "train_step returned ['g', 'd'] after ['d', 'g']: return the same names each time"),
    ],
)  # fmt: skip
def test_what_a_custom_step_must_not_return(results: list[Any], line: str) -> None:
    with pytest.raises(InputError) as caught:
        _custom(*results)
    assert str(caught.value) == line


class Counting(lampas.metrics.Metric):
    """How often it was called, and with how many rows."""

    running = False

    def reset(self) -> None:
        self.calls: list[int] = []

    def update(self, y_pred: Any, y_true: Any) -> None:
        self.calls.append(len(y_true))

    def compute(self) -> torch.Tensor:
        return torch.tensor(float(sum(self.calls)))


def test_metrics_see_several_batches_at_once_in_bounded_memory() -> None:
    metric = Counting()
    tally = Tally(_plan(metrics={"n": metric, "mae": "mae"}))
    y = torch.zeros(3, 1)
    for _ in range(module.KEEP_BATCHES + 2):
        tally.add(_step((1.0, 3), y_pred=y), Batch(y, y, None, 3))
    assert metric.calls == [3 * module.KEEP_BATCHES]
    assert "n" not in tally.running()
    assert tally.results()["n"] == 3.0 * (module.KEEP_BATCHES + 2)
    large = torch.zeros(module.KEEP_BYTES // 4, 1)
    tally.add(_step((1.0, 3), y_pred=large), Batch(large, large, None, len(large)))
    assert metric.calls[-1] == len(large)


def test_the_last_losses_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_STEPS", 2)
    sums = LossSums(_plan())
    for value in (1.0, 2.0, 3.0):  # the second step is reduced with the first
        sums.add(_step((value, 4)))
        assert {name: float(loss) for name, loss in sums.last().items()} == {"loss": value}


def test_the_last_of_several_losses_has_their_sum() -> None:
    net = nn.Linear(2, 1)
    model = lampas.Model(net)
    model.compile("sgd", {"a": "mse", "b": "mae"}, loss_weights={"a": 1.0, "b": 0.5})
    sums = LossSums(model.plan)
    sums.add(_step((1.0, 4), (4.0, 4)))
    found = {name: float(loss) for name, loss in sums.last().items()}
    assert found.pop("loss") == 3.0
    assert sorted(found.values()) == [1.0, 4.0]
    sums.take_names(["mine"])
    assert "loss" not in sums.last()


@settings(deadline=None, max_examples=30)
@given(
    looks=st.sets(st.integers(0, 39)),
    keep=st.integers(2, 9),
    saved=st.sets(st.integers(0, 39), max_size=4),
)
def test_who_looks_and_who_saves_changes_no_bit(looks: Any, keep: int, saved: Any) -> None:
    """Nor does it matter when: sums are taken over blocks that are counted from the first step."""
    generator = torch.Generator().manual_seed(0)
    steps = [torch.randn(5, 2, generator=generator) for _ in range(40)]

    def epoch(looks: Any, saved: Any) -> dict[str, float]:
        tally = Tally(_plan(metrics=["mae", "r2", nn.functional.mse_loss]))
        for number, rows in enumerate(steps):
            x, y = rows[:, :1], rows[:, 1:]
            loss = (x - y).square().mean()
            tally.add(StepResult([loss], [5], x), Batch(x, y, None, 5))
            if number in looks:
                assert tally.running()["loss"] > 0
            if number in saved:
                state = unpack(*pack(tally.state()))
                tally = Tally(_plan(metrics=["mae", "r2", nn.functional.mse_loss]))
                tally.load_state(state)
        return tally.results()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "KEEP_STEPS", keep)
        patch.setattr(module, "KEEP_BATCHES", keep)
        assert epoch(looks, saved) == epoch((), ())
