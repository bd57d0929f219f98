"""The step: the only `backward()` and `optimizer.step()`, equal to the script, never waiting."""

import ast
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import lampas
from lampas.data.batch import Batch
from lampas.errors import NonFiniteError
from lampas.step import eval_step, measure, predict_step, train_step

SOURCE = Path(lampas.__file__).parent

torch.manual_seed(0)
X = torch.randn(40, 3)
Y = X.sum(1, keepdim=True)
CLASSES = torch.arange(40) % 3


def _net(out: int = 1) -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, out))


def _model(out: int = 1, loss: Any = "mse", **options: Any) -> lampas.Model:
    model = lampas.Model(_net(out))
    model.compile(torch.optim.Adam(model.parameters(), lr=0.01), loss, **options)
    return model


# --- one place -----------------------------------------------------------------------------------


def _calls(path: Path) -> list[str]:
    """The calls of a file as they are written, without their arguments; docstrings are none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_one_file_has_the_only_backward_and_the_only_optimizer_step() -> None:
    found: Counter[str] = Counter()
    steps: dict[str, list[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        for call in _calls(path):
            last = call.rpartition(".")[2]
            if last in ("backward", "run_backward", "grad") and "." in call:
                found[name] += 1
            if last == "step" and "." in call:
                steps.setdefault(name, []).append(call)
    # Of the step, which calls `backward.py`, and of L-BFGS's closure; an explanation asks for the
    # gradient of an input alone; and the step that is compiled has them as tensors.
    assert found == {
        "backward.py": 2, "step.py": 1, "reasons/untouched.py": 1, "explain.py": 1,
        "jit/function.py": 1,
    }  # fmt: skip
    assert steps.pop("step.py") == ["optimizer.step"]
    assert steps.pop("model.py", []) == []
    assert steps.pop("jit/function.py") == ["update.step"]  # a rule: new tensors
    # The summary's optimiser steps on fake parameters, for the size of its state.
    assert steps.pop("summary/memory.py") == ["made.step"]
    assert steps.pop("record/gauge.py") == ["self._clock.step"]  # a clock, and no optimiser
    # Schedules step too; and an optimizer's kind is found out on a throw-away parameter.
    assert set(steps.pop("optim/scheduler.py")) == {"self._scheduler.step"}
    assert steps.pop("optim/probe.py") == ["trial.step"]
    assert steps.pop("optim/alone.py") == ["together.made.step", "apart.made.step"]  # as well
    assert steps.pop("optim/fastest.py") == [
        "make([{**options, 'params': [probe], 'fused': True}]).step"
    ]
    assert steps == {}


def test_the_step_is_short() -> None:
    lines = (SOURCE / "step.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    tree = ast.parse("\n".join(lines))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 25, node.name


# --- the script ----------------------------------------------------------------------------------


def test_a_step_is_the_script() -> None:
    model, net = _model(), _net()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, fused=True)
    net.train()
    for start in range(0, 40, 8):
        x, y = X[start : start + 8], Y[start : start + 8]
        result = train_step(model, Batch(x, y, None, 8))
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        assert isinstance(result.values[0], torch.Tensor)
        assert torch.equal(result.values[0], loss.detach())
        assert not result.values[0].requires_grad
        assert result.counts == [8]
        assert result.y_pred is None  # nobody asked for it
    for ours, theirs in zip(model.net.parameters(), net.parameters(), strict=True):
        assert torch.equal(ours, theirs)
        assert torch.equal(ours.grad, theirs.grad)


def test_gradients_of_parameters_that_no_optimizer_holds_are_left_to_add_up() -> None:
    model = lampas.Model(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1)))
    with pytest.warns(UserWarning, match="lacks 2 of"):
        model.compile(torch.optim.SGD(model.net[1].parameters(), lr=0.0), "mse")
    train_step(model, Batch(X, Y, None, 40))
    once = model.net[0].weight.grad.clone()
    train_step(model, Batch(X, Y, None, 40))
    torch.testing.assert_close(model.net[0].weight.grad, 2 * once)  # as in the script


def test_the_metrics_see_a_prediction_cut_from_the_graph() -> None:
    model = _model(metrics=["mae"])
    result = train_step(model, Batch(X, Y, None, 40))
    assert result.y_pred.shape == (40, 1)
    assert not result.y_pred.requires_grad


def test_a_loss_of_nan_changes_no_weight() -> None:
    model = _model()
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(NonFiniteError, match="the loss is nan"):
        train_step(model, Batch(X * float("nan"), Y, None, 40))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_evaluation_and_prediction_leave_no_gradient() -> None:
    model = _model(metrics=["mae"]).eval()
    with torch.no_grad():
        result = eval_step(model, Batch(X, Y, None, 40))
        output = predict_step(model, Batch(X, None, None, 40))
    assert result.counts == [40]
    assert torch.equal(result.y_pred, output)
    assert all(p.grad is None for p in model.parameters())


def test_a_penalty_is_minimised_once_a_group_and_reported_each_time() -> None:
    model = _model(penalties=lampas.losses.L2(0.5))
    batch = Batch(X, Y, None, 40)
    output = model(X)
    with_it, result = measure(model.plan, model, output, batch)
    batch.closes = False
    without, _ = measure(model.plan, model, output, batch)
    loss, penalty = result.values
    torch.testing.assert_close(with_it.detach(), loss + penalty)
    torch.testing.assert_close(without.detach(), loss)
    squares = sum(p.square().sum() for p in model.parameters() if p.ndim > 1)
    torch.testing.assert_close(penalty, 0.5 * torch.as_tensor(squares).detach())


# --- nothing waits for the device ----------------------------------------------------------------

WAITS = {
    torch.ops.aten._local_scalar_dense.default,
    torch.ops.aten.nonzero.default,
    torch.ops.aten.masked_select.default,
    torch.ops.aten.is_nonzero.default,
    torch.ops.aten.equal.default,
}


class Watch(TorchDispatchMode):
    """Notes which function of ours looks at a number: by the innermost frame in the package."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        masked = func is torch.ops.aten.index.Tensor and any(
            t is not None and t.dtype is torch.bool for t in args[1]
        )
        if func in WAITS or masked:
            self.looks[self._who()] += 1
        return func(*args, **(kwargs or {}))

    @staticmethod
    def _who() -> str:
        frame = sys._getframe(2)
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(SOURCE):
                return f"{path.relative_to(SOURCE).as_posix()}:{frame.f_code.co_name}"
            frame = frame.f_back
        return "elsewhere"


GUARD = "step.py:_guard"
RUNS: dict[str, Callable[[], tuple[lampas.Model, Any, dict[str, Any]]]] = {
    "plain": lambda: (_model(), Y, {}),
    "metrics": lambda: (
        _model(3, "cross_entropy", metrics=["accuracy", "roc_auc", "f1", "confusion_matrix"]),
        CLASSES, {},
    ),
    "binary": lambda: (
        _model(1, "bce_logits", metrics=["accuracy", "average_precision"]), (Y > 0).float(), {}
    ),
    "masked": lambda: (
        _model(3, nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 3.0]), ignore_index=2)), CLASSES, {}
    ),
    "weights": lambda: (
        _model(3, "cross_entropy"), CLASSES,
        {"class_weight": {0: 2.0}, "sample_weight": torch.rand(40)},
    ),
    "accumulated": lambda: (_model(accumulate=3), Y, {}),
    "accumulated masks": lambda: (
        _model(3, nn.CrossEntropyLoss(ignore_index=2), accumulate=3), CLASSES, {}
    ),
    "clipped": lambda: (_model(clip_norm=1.0, clip_value=0.5), Y, {}),
    "averaged": lambda: (_model(averaging=lampas.optim.EMA(), scheduler="cosine"), Y, {}),
    "bf16": lambda: (_model(precision="bf16", metrics=["mae"]), Y, {}),
    "penalties": lambda: (_model(penalties=[lampas.losses.L1(0.1), lampas.losses.L2(0.1)]), Y, {}),
    "focal": lambda: (_model(3, lampas.losses.FocalLoss()), CLASSES, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_the_loop_looks_as_often_in_a_long_epoch_as_in_a_short_one(name: str) -> None:
    looks: list[Counter[str]] = []
    for steps in (12, 72):  # more steps than batches are gathered at once
        model, y, options = RUNS[name]()
        with Watch() as watch:
            model.fit(X, y, batch_size=4, steps_per_epoch=steps, verbose=0, **options)
        guarded = watch.looks.pop(GUARD)
        assert guarded == steps  # of a loss on the CPU, which is in the host's memory
        looks.append(watch.looks)
    # What is looked at once a flush of the metrics is nothing either.
    assert looks[0] == looks[1]
    assert sum(looks[0].values()) > 0  # the watch does see: first checks, and the epoch's end


def test_evaluation_looks_once() -> None:
    model = _model(3, "cross_entropy", metrics=["accuracy", "f1"])
    looks: list[Counter[str]] = []
    for size in (20, 2):
        with Watch() as watch:
            model.evaluate(X, CLASSES, batch_size=size)
        looks.append(watch.looks)
    assert looks[0] == looks[1]


def test_the_watch_sees_a_step_that_looks() -> None:
    class Looks(lampas.Model):
        def train_step(self, batch: Batch) -> Any:
            result = super().train_step(batch)
            assert float(result.values[0]) >= 0
            return result

    model = Looks(_net())
    model.compile("sgd", "mse")
    with Watch() as watch:
        model.fit(X, Y, batch_size=4, verbose=0)
    assert watch.looks["model.py:fit"] + watch.looks["loop.py:train_epoch"] >= 10
