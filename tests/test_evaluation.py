"""Losses and metrics of many batches at once: what each batch would have given, and its errors."""

import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import lampas
from lampas.data.batch import Batch
from lampas.errors import DataError, LampasError
from lampas.evaluation import Evaluation, joined
from lampas.pieces import Pieces
from lampas.step import eval_step
from lampas.tally import Tally

torch.manual_seed(0)
ROWS = 60
X = torch.randn(ROWS, 4, dtype=torch.float64)
NUMBERS = torch.randn(ROWS, 3, dtype=torch.float64)
CLASSES = torch.randint(0, 3, (ROWS,))
SOME = torch.where(torch.rand(ROWS) < 0.3, -100, CLASSES)
SHARES = NUMBERS.softmax(1)
WEIGHT = torch.rand(3, dtype=torch.float64) + 0.1


def _own(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return (y_pred - y_true).abs().max()


LOSSES: dict[str, tuple[Any, Tensor]] = {
    "mse": (nn.MSELoss(), NUMBERS),
    "sum": (nn.L1Loss(reduction="sum"), NUMBERS),
    "huber": (nn.HuberLoss(), NUMBERS),
    "yes or no": (nn.BCEWithLogitsLoss(pos_weight=WEIGHT), SHARES),
    "classes": (nn.CrossEntropyLoss(), CLASSES),
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.1), CLASSES),
    "masked": (nn.CrossEntropyLoss(), SOME),
    "weighed": (nn.CrossEntropyLoss(weight=WEIGHT, label_smoothing=0.1), SOME),
    "shares": (nn.CrossEntropyLoss(), SHARES),
    "focal": (lampas.losses.FocalLoss(), CLASSES),
    "batchmean": (nn.KLDivLoss(reduction="batchmean"), SHARES),
    "of the batch": (lampas.losses.GHMCLoss(), SHARES.round()),
    "own": (_own, NUMBERS),
}


class _Logs(nn.Module):
    def __init__(self, log: bool) -> None:
        super().__init__()
        self.linear, self.log = nn.Linear(4, 3).double(), log

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).log_softmax(1) if self.log else self.linear(x)


def _model(loss: Any, metrics: Any = None) -> lampas.Model:
    torch.manual_seed(1)
    model = lampas.Model(_Logs(isinstance(loss, nn.KLDivLoss)))
    model.compile("sgd", loss, metrics=metrics)
    return model


def _batches(y: Tensor, weight: Tensor | None, sizes: list[int]) -> Iterator[Batch]:
    start = 0
    for size in sizes:
        span = slice(start, min(start + size, ROWS))
        if span.start < span.stop:
            w = None if weight is None else weight[span]
            yield Batch(X[span], y[span], w, span.stop - span.start)
        start = span.stop


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([name for name, (loss, _) in LOSSES.items()]),
    st.lists(st.integers(1, 9), min_size=7, max_size=60),
    st.booleans(),
)
def test_law_results_are_those_of_each_batch(name: str, sizes: list[int], weighs: bool) -> None:
    loss, y = LOSSES[name]
    weighs = weighs and name != "own"
    weight = torch.rand(ROWS, dtype=torch.float64) if weighs else None
    model = _model(loss)
    evaluation, tally = Evaluation(model, Pieces(model), None), Tally(model.plan)
    model.eval()
    with torch.no_grad():
        for batch in _batches(y, weight, sizes):
            evaluation.add(batch)
            tally.add(eval_step(model, batch), batch)
        assert evaluation.results()["loss"] == pytest.approx(tally.results()["loss"], rel=1e-12)


class _Calls(nn.MSELoss):
    """A known loss that tells how many rows it sees at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.register_forward_hook(lambda _, inputs, output: self.rows.append(len(inputs[0])))
        self.rows: list[int] = []


def test_the_first_batch_is_judged_alone_and_all_others_at_once() -> None:
    loss = _Calls()
    _model(loss, ["mae"]).evaluate(X, NUMBERS, batch_size=7)
    assert loss.rows == [7, 53]


def test_inputs_do_not_wait_with_their_outputs() -> None:
    loss, alive = _Calls(), list[weakref.ref[Tensor]]()
    model = lampas.Model(_Remembers(alive))
    model.compile("sgd", loss, ["mae"])
    x = torch.rand(6, 1 << 13)
    model.evaluate(x, torch.rand(6, 3), batch_size=2)
    model.predict(x, batch_size=2)
    assert loss.rows == [2, 4]
    assert len(alive) == 6


def test_a_loss_for_which_memory_runs_out_is_computed_in_pieces() -> None:
    class Narrow(nn.MSELoss):
        def __init__(self) -> None:
            super().__init__()
            self.register_forward_pre_hook(self._look)

        def _look(self, _: Any, inputs: Any) -> None:
            if len(inputs[0]) > 16:
                raise torch.OutOfMemoryError("as a full GPU does")

    model = _model(Narrow())
    whole = _model(nn.MSELoss()).evaluate(X[:32], NUMBERS[:32], batch_size=32)
    found = model.evaluate(X[:32], NUMBERS[:32], batch_size=32)
    assert found["loss"] == pytest.approx(whole["loss"], rel=1e-12)


def test_outputs_that_are_views_do_not_wait_with_all_that_they_are_views_of() -> None:
    class Last(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.repeat_interleave(1 << 13, 1)[:, -1]

    loss, model = _Calls(), lampas.Model(Last())
    model.compile(None, loss, ["mae"])
    model.evaluate(torch.rand(30, 20), torch.rand(30), batch_size=5)
    assert loss.rows == [5] * 6  # each of 3 MB


class _Remembers(nn.Module):
    """Looks whether an earlier batch is still there."""

    def __init__(self, alive: list["weakref.ref[Tensor]"]) -> None:
        super().__init__()
        self.linear, self.seen = nn.Linear(1 << 13, 3), alive

    def forward(self, x: Tensor) -> Tensor:
        assert all(one() is None for one in self.seen)
        self.seen.append(weakref.ref(x))
        return self.linear(x)


def test_a_loss_of_the_users_own_sees_the_batches_as_they_are() -> None:
    rows: list[int] = []

    def own(y_pred: Tensor, y_true: Tensor) -> Tensor:
        rows.append(len(y_pred))
        return (y_pred - y_true).square().mean()

    _model(own).evaluate(X, NUMBERS, batch_size=25)
    assert rows[-3:] == [25, 25, 10]


def test_a_metric_of_batches_sees_the_batches_as_they_are() -> None:
    class Sizes(lampas.metrics.Metric):
        name, per_batch = "sizes", True

        def reset(self) -> None:
            self.rows: list[int] = []

        def update(self, y_pred: Any, y_true: Any) -> None:
            self.rows.append(len(y_pred))

        def compute(self) -> Any:
            return float(len(self.rows))

    assert _model("mse", [Sizes()]).evaluate(X, NUMBERS, batch_size=25)["sizes"] == 3


def test_large_outputs_do_not_wait_for_long() -> None:
    loss = _Calls()
    model = lampas.Model(nn.Linear(1, 1 << 14))
    model.compile("sgd", loss)
    model.evaluate(torch.zeros(120, 1), torch.zeros(120, 1 << 14), batch_size=20)
    assert loss.rows == [20] * 6  # 2 MiB are in one, with its targets


def test_batches_of_other_shapes_are_judged_one_by_one() -> None:
    class Same(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x

    parts = [(torch.randn(3, length), torch.randn(3, length)) for length in (2, 5, 5, 4, 1)]
    model = lampas.Model(Same())
    model.compile(None, "mse", metrics=["mae"])
    found = model.evaluate(parts)
    wanted = sum(float((x - y).square().mean()) for x, y in parts) / 5
    assert found["loss"] == pytest.approx(wanted, rel=1e-6)
    every = torch.cat([(x - y).abs().flatten() for x, y in parts])
    assert found["mae"] == pytest.approx(float(every.mean()), rel=1e-6)


@pytest.mark.parametrize("where", [0, 1, 5])
def test_a_fault_is_that_of_its_batch(where: int) -> None:
    """Whatever waits beside it."""
    parts = [(X[10 * i : 10 * i + 10], CLASSES[10 * i : 10 * i + 10].clone()) for i in range(6)]
    parts[where][1][4] = 7
    with pytest.raises(DataError, match="row 4 of the batch is 7, but the model returns 3 classes"):
        _model("cross_entropy").evaluate(parts)


def test_rows_that_do_not_fit_are_no_others_rows() -> None:
    """Two faults that would fit each other, joined."""
    parts = [(X[:10], NUMBERS[:10]), (X[10:20], NUMBERS[10:21]), (X[20:30], NUMBERS[21:30])]
    with pytest.raises(LampasError, match=r"10.*11"):
        _model("mse").evaluate(parts)


def test_what_a_callback_asks_for_in_the_middle_is_the_same() -> None:
    model = _model("mse", ["mae"])
    seen: list[dict[str, float]] = []

    def look(event: Any) -> None:
        if event.kind == "epoch_end":
            seen.append(model.evaluate(X, NUMBERS, batch_size=7))

    history = model.fit(X, NUMBERS, epochs=2, verbose=0, callbacks=look,
                        validation_data=(X, NUMBERS))  # fmt: skip
    for row, found in zip(history.rows, seen, strict=True):
        assert found["loss"] == pytest.approx(row["val_loss"], rel=1e-12)
        assert found["mae"] == pytest.approx(row["val_mae"], rel=1e-12)


def test_things_that_are_no_rows_are_not_joined() -> None:
    batch = Batch(None, torch.zeros(2), None, 2)
    assert joined([(torch.tensor(1.0), batch), (torch.tensor(1.0), batch)]) is None
    assert joined([({"a": X}, batch), ({"a": X}, batch)]) is None
    assert joined([(torch.zeros(2), batch), (torch.zeros(3), batch)]) is None
    weighed = Batch(None, torch.zeros(2), torch.ones(2), 2)
    assert joined([(torch.zeros(2), batch), (torch.zeros(2), weighed)]) is None
