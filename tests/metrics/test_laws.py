"""Laws of all metrics: batches do not matter, nothing waits, reset forgets."""

import itertools
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from lampas import metrics
from lampas.metrics import Metric

Data = tuple[Tensor, Tensor]


def _binary(rows: int) -> Data:
    return torch.randn(rows), torch.randint(0, 2, (rows,))


def _probabilities(rows: int) -> Data:
    return torch.rand(rows, 1).mul(8).round() / 8, torch.randint(0, 2, (rows,)).float()


def _multilabel(rows: int) -> Data:
    return torch.randn(rows, 3), torch.randint(0, 2, (rows, 3)).float()


def _multiclass(rows: int) -> Data:
    return torch.randn(rows, 4), torch.randint(0, 4, (rows,))


def _one_hot(rows: int) -> Data:
    return torch.randn(rows, 4), torch.eye(4)[torch.randint(0, 4, (rows,))]


def _tokens(rows: int) -> Data:
    return torch.randn(rows, 5, 3), torch.randint(0, 5, (rows, 3))


def _values(rows: int) -> Data:
    truth = torch.randn(rows) + 3
    return truth + 0.3 * torch.randn(rows), truth


def _columns(rows: int) -> Data:
    truth = torch.randn(rows, 2) * torch.tensor([1.0, 100.0])
    return truth + torch.randn(rows, 2), truth


def _mean_error(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return (y_pred - y_true).abs().mean()


def _spearmanlike(y_pred: Tensor, y_true: Tensor) -> float:
    ranks = torch.stack([y_pred.argsort().argsort(), y_true.argsort().argsort()]).double()
    return torch.corrcoef(ranks)[0, 1].item()


m = metrics
CASES: dict[str, tuple[Callable[[], Metric], Callable[[int], Data]]] = {
    "accuracy": (lambda: m.BinaryAccuracy(from_logits=True), _binary),
    "accuracy_p": (lambda: m.BinaryAccuracy(from_logits=False, threshold=0.3), _probabilities),
    "multilabel": (lambda: m.MultilabelAccuracy(from_logits=True), _multilabel),
    "exact_match": (lambda: m.MultilabelExactMatch(from_logits=True), _multilabel),
    "multiclass": (m.MulticlassAccuracy, _multiclass),
    "multiclass_one_hot": (m.MulticlassAccuracy, _one_hot),
    "multiclass_ignore": (lambda: m.MulticlassAccuracy(ignore_index=0), _tokens),
    "top_2": (lambda: m.TopKAccuracy(2), _multiclass),
    "top_2_ignore": (lambda: m.TopKAccuracy(2, ignore_index=1), _tokens),
    "precision": (lambda: m.BinaryPrecision(from_logits=True), _binary),
    "recall": (lambda: m.BinaryRecall(from_logits=True), _multilabel),
    "f1": (lambda: m.BinaryF1(from_logits=True), _binary),
    "precision_macro": (m.MulticlassPrecision, _multiclass),
    "recall_weighted": (lambda: m.MulticlassRecall("weighted"), _multiclass),
    "f1_micro": (lambda: m.MulticlassF1("micro", ignore_index=2), _tokens),
    "f1_classes": (lambda: m.MulticlassF1(None), _multiclass),
    "confusion": (m.ConfusionMatrix, _multiclass),
    "confusion_ignore": (lambda: m.ConfusionMatrix(ignore_index=0), _tokens),
    "confusion_binary": (lambda: m.BinaryConfusionMatrix(from_logits=True), _binary),
    "roc_auc": (m.BinaryRocAuc, _probabilities),
    "roc_auc_labels": (m.BinaryRocAuc, _multilabel),
    "average_precision": (m.BinaryAveragePrecision, _probabilities),
    "roc_auc_classes": (lambda: m.MulticlassRocAuc(from_logits=True), _multiclass),
    "ap_classes": (
        lambda: m.MulticlassAveragePrecision(from_logits=True, ignore_index=3),
        _tokens,
    ),
    "log_loss": (lambda: m.BinaryLogLoss(from_logits=True), _binary),
    "log_loss_p": (lambda: m.BinaryLogLoss(from_logits=False), _probabilities),
    "brier": (lambda: m.BrierScore(from_logits=True), _multilabel),
    "log_loss_classes": (lambda: m.MulticlassLogLoss(from_logits=True), _multiclass),
    "log_loss_one_hot": (lambda: m.MulticlassLogLoss(from_logits=True), _one_hot),
    "perplexity": (lambda: m.Perplexity(ignore_index=0), _tokens),
    "mae": (m.MAE, _values),
    "mse": (m.MSE, _columns),
    "rmse": (m.RMSE, _values),
    "mape": (m.MAPE, _values),
    "smape": (m.SMAPE, _columns),
    "r2": (m.R2, _values),
    "r2_columns": (m.R2, _columns),
    "whole": (lambda: m.Whole(_spearmanlike), _values),
    "mean": (lambda: m.Mean(_mean_error), _values),
}


def _every_class() -> set[str]:
    found = (getattr(metrics, name) for name in metrics.__all__)
    return {c.__name__ for c in found if isinstance(c, type) and issubclass(c, Metric)} - {
        "Metric",
        "Averaged",
    }


def test_the_laws_are_asked_of_every_metric():
    assert {type(make()).__name__ for make, _ in CASES.values()} == _every_class()


def _after(metric: Metric, data: Data, cuts: list[int]) -> Tensor:
    y_pred, y_true = data
    for start, end in itertools.pairwise([0, *sorted(cuts), len(y_pred)]):
        metric.update(y_pred[start:end], y_true[start:end])
    return metric.compute()


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(2, 30),
    cuts=st.lists(st.integers(0, 30), max_size=6),
)
def test_any_split_into_batches_gives_the_same(case: str, seed: int, rows: int, cuts: list[int]):
    make, draw = CASES[case]
    torch.manual_seed(seed)
    data = draw(rows)
    whole = _after(make(), data, [])
    parts = _after(make(), data, [min(cut, rows) for cut in cuts])
    torch.testing.assert_close(parts, whole, rtol=1e-6, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_rows_does_not_matter(case: str):
    make, draw = CASES[case]
    torch.manual_seed(3)
    y_pred, y_true = draw(17)
    order = torch.randperm(17)
    torch.testing.assert_close(
        _after(make(), (y_pred[order], y_true[order]), [5]),
        _after(make(), (y_pred, y_true), [11]),
        rtol=1e-6,
        atol=1e-9,
    )


@pytest.mark.parametrize("case", CASES)
def test_update_never_looks_at_a_value(case: str):
    make, draw = CASES[case]
    metric = make()
    with FakeTensorMode():  # anything that depends on a value raises here
        for rows in (6, 3):
            metric.update(*draw(rows) if case != "multiclass_one_hot" else _fake_one_hot(rows))


def _fake_one_hot(rows: int) -> Data:
    return torch.randn(rows, 4), torch.rand(rows, 4)


@pytest.mark.parametrize("case", CASES)
def test_update_keeps_no_graph(case: str):
    make, draw = CASES[case]
    y_pred, y_true = draw(6)
    metric = make()
    metric.update(y_pred.requires_grad_(), y_true)
    metric.update(y_pred, y_true)
    assert not metric.compute().requires_grad


@pytest.mark.parametrize("case", CASES)
def test_reset_forgets_everything(case: str):
    make, draw = CASES[case]
    torch.manual_seed(5)
    first, second = draw(9), draw(8)
    used = make()
    _after(used, first, [4])
    used.reset()
    torch.testing.assert_close(_after(used, second, []), _after(make(), second, []))


@pytest.mark.parametrize("case", CASES)
def test_compute_may_be_asked_in_the_middle(case: str):
    make, draw = CASES[case]
    torch.manual_seed(7)
    data = draw(12)
    asked = make()
    asked.update(data[0][:5], data[1][:5])
    asked.compute()
    asked.update(data[0][5:], data[1][5:])
    torch.testing.assert_close(asked.compute(), _after(make(), data, [5]))


@pytest.mark.parametrize("case", CASES)
def test_bfloat16_outputs_are_read(case: str):
    make, draw = CASES[case]
    torch.manual_seed(9)
    y_pred, y_true = draw(16)
    if case == "log_loss_p":  # how far from 0 and 1 they are kept depends on the dtype
        y_pred = y_pred.clamp(0.1, 0.9)
    half = y_pred.bfloat16()
    torch.testing.assert_close(
        _after(make(), (half, y_true), [3]).double(),
        _after(make(), (half.float(), y_true), [3]).double(),
        rtol=1e-6,
        atol=2e-2 if case == "mean" else 1e-9,  # the function itself computes in bfloat16
    )


@pytest.mark.parametrize("case", CASES)
def test_nothing_seen_is_nan_or_empty(case: str):
    value = CASES[case][0]().compute()
    if value.ndim == 0:
        assert value.isnan()
    else:
        assert value.sum() == 0


@pytest.mark.parametrize("case", CASES)
def test_an_empty_batch_changes_nothing(case: str):
    make, draw = CASES[case]
    torch.manual_seed(11)
    data = draw(10)
    torch.testing.assert_close(_after(make(), data, [0, 4, 4, 10]), _after(make(), data, []))


def test_importing_the_metrics_imports_no_optional_library():
    heavy = ("sklearn", "torchmetrics", "pandas", "matplotlib", "scipy")
    code = f"import sys, lampas.metrics; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
