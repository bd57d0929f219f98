import pytest
import torch
import torch.nn.functional as F
import torchmetrics.functional.text as tm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lampas.errors import DataError
from lampas.metrics import BinaryLogLoss, BrierScore, MulticlassLogLoss, Perplexity

modest = settings(max_examples=20, deadline=None)


def _value(metric, y_pred, y_true) -> float:
    for part_pred, part_true in zip(y_pred.split(7), y_true.split(7), strict=True):
        metric.update(part_pred, part_true)
    return metric.compute().item()


@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 40))
def test_binary_agrees_with_scikit_learn(seed: int, rows: int):
    torch.manual_seed(seed)
    logits, truth = 3 * torch.randn(rows).double(), torch.randint(0, 2, (rows,))
    p = logits.sigmoid()
    expected = sk.log_loss(truth, p, labels=[0, 1])
    assert _value(BinaryLogLoss(from_logits=True), logits, truth) == pytest.approx(expected)
    assert _value(BinaryLogLoss(from_logits=False), p, truth) == pytest.approx(expected)
    brier = sk.brier_score_loss(truth, p)
    assert _value(BrierScore(from_logits=True), logits, truth) == pytest.approx(brier)
    assert _value(BrierScore(from_logits=False), p, truth) == pytest.approx(brier)


def test_certain_and_wrong_is_large_and_finite():
    p, truth = torch.tensor([0.0, 1.0]).double(), torch.tensor([1, 0])
    assert _value(BinaryLogLoss(from_logits=False), p, truth) == pytest.approx(
        sk.log_loss(truth, p, labels=[0, 1])
    )
    logits = torch.tensor([-1e4, 1e4])
    assert _value(BinaryLogLoss(from_logits=True), logits, truth) == pytest.approx(1e4)


@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 40))
def test_multiclass_agrees_with_scikit_learn(seed: int, rows: int):
    torch.manual_seed(seed)
    logits, truth = 3 * torch.randn(rows, 4).double(), torch.randint(0, 4, (rows,))
    p = logits.softmax(dim=1)
    expected = sk.log_loss(truth, p, labels=range(4))
    on_logits = MulticlassLogLoss(from_logits=True)
    assert _value(on_logits, logits, truth) == pytest.approx(expected)
    on_logits.reset()
    assert _value(on_logits, logits.log_softmax(dim=1), truth) == pytest.approx(expected)
    assert _value(MulticlassLogLoss(from_logits=False), p, truth) == pytest.approx(expected)


def test_targets_that_are_distributions():
    torch.manual_seed(1)
    logits, truth = torch.randn(9, 4, 2), torch.rand(9, 4, 2).softmax(dim=1)
    expected = F.cross_entropy(logits, truth).item()
    assert _value(MulticlassLogLoss(from_logits=True), logits, truth) == pytest.approx(expected)


@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 30))
def test_perplexity_agrees_with_torchmetrics(seed: int, rows: int):
    torch.manual_seed(seed)
    logits, truth = torch.randn(rows, 6, 4), torch.randint(0, 6, (rows, 4))
    truth[0, 0] = 1
    ours = _value(Perplexity(ignore_index=0), logits, truth)
    others = tm.perplexity(logits.movedim(1, 2), truth, ignore_index=0).item()
    assert ours == pytest.approx(others, rel=1e-5)
    p = logits.softmax(dim=1)
    on_p = _value(Perplexity(ignore_index=0, from_logits=False), p, truth)
    assert on_p == pytest.approx(ours, rel=1e-5)


@pytest.mark.parametrize("ignore_index", [-100, 2])
def test_ignored_targets_are_torchs(ignore_index: int):
    torch.manual_seed(2)
    logits, truth = torch.randn(20, 5), torch.randint(0, 5, (20,))
    truth[3:8] = ignore_index
    ours = MulticlassLogLoss(from_logits=True, ignore_index=ignore_index)
    expected = F.cross_entropy(logits, truth, ignore_index=ignore_index).item()
    assert _value(ours, logits, truth) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [MulticlassLogLoss(from_logits=True), Perplexity()])
def test_classes_outside_are_told_at_compute(metric):
    metric.update(torch.zeros(3, 4), torch.tensor([0, -100, 4]))
    with pytest.raises(DataError) as told:
        metric.compute()
    assert str(told.value) == (
        f"metric {metric.name!r} met 2 class indices outside 0..3: the outputs have 4 classes; "
        "pass ignore_index= for targets that count for nothing"
    )
