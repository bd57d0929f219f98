import numpy as np
import pytest
import torch
import torchmetrics.functional.classification as tm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lampas.errors import DataError, InputError
from lampas.metrics import (
    BinaryF1,
    BinaryPrecision,
    BinaryRecall,
    MulticlassF1,
    MulticlassPrecision,
    MulticlassRecall,
)

BINARY = [
    (BinaryPrecision, sk.precision_score, tm.binary_precision),
    (BinaryRecall, sk.recall_score, tm.binary_recall),
    (BinaryF1, sk.f1_score, tm.binary_f1_score),
]
MULTICLASS = [
    (MulticlassPrecision, sk.precision_score, tm.multiclass_precision),
    (MulticlassRecall, sk.recall_score, tm.multiclass_recall),
    (MulticlassF1, sk.f1_score, tm.multiclass_f1_score),
]
modest = settings(max_examples=20, deadline=None)


@pytest.mark.parametrize(("make", "theirs", "others"), BINARY)
@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 30))
def test_binary_agrees_with_others(make, theirs, others, seed: int, rows: int):
    torch.manual_seed(seed)
    p, truth = torch.rand(rows), torch.randint(0, 2, (rows,))
    metric = make(from_logits=False, threshold=0.4)
    metric.update(p, truth)
    ours = metric.compute().item()
    assert ours == pytest.approx(theirs(truth, p > 0.4, zero_division=0))
    assert ours == pytest.approx(others(p, truth, threshold=0.4).item())


@pytest.mark.parametrize(("make", "theirs"), [case[:2] for case in BINARY])
def test_several_labels_count_together(make, theirs):
    torch.manual_seed(0)
    logits, truth = torch.randn(50, 4), torch.randint(0, 2, (50, 4))
    metric = make(from_logits=True)
    metric.update(logits, truth)
    assert metric.compute().item() == pytest.approx(theirs(truth, logits > 0, average="micro"))


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
@pytest.mark.parametrize(("make", "theirs", "others"), MULTICLASS)
@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 25))
def test_multiclass_agrees_with_others(make, theirs, others, average, seed: int, rows: int):
    torch.manual_seed(seed)
    logits, truth = torch.randn(rows, 6), torch.randint(0, 6, (rows,))
    metric = make(average)
    metric.update(logits, truth)
    labels = range(6) if average is None else None
    expected = theirs(truth, logits.argmax(1), average=average, labels=labels, zero_division=0)
    found = metric.compute()
    assert found.tolist() == pytest.approx(np.asarray(expected).tolist())
    other = others(logits, truth, 6, average=average)
    assert found.tolist() == pytest.approx(other.tolist(), abs=1e-6)


def test_ignored_targets_count_for_nothing():
    torch.manual_seed(1)
    logits, truth = torch.randn(9, 3, 4), torch.randint(0, 3, (9, 4))
    truth[2:5] = -100
    metric = MulticlassF1(ignore_index=-100)
    metric.update(logits, truth)
    seen = truth >= 0
    expected = sk.f1_score(truth[seen], logits.argmax(1)[seen], average="macro")
    assert metric.compute().item() == pytest.approx(expected)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_nan_where_all_targets_are_ignored(average):
    metric = MulticlassRecall(average, ignore_index=0)
    metric.update(torch.randn(4, 3), torch.zeros(4).long())
    assert metric.compute().isnan()


def test_classes_outside_are_told_at_compute():
    metric = MulticlassPrecision()
    metric.update(torch.zeros(3, 4), torch.tensor([0, 4, -1]))
    with pytest.raises(DataError) as told:
        metric.compute()
    assert str(told.value) == (
        "metric 'precision' met 2 class indices outside 0..3: the outputs have 4 classes; "
        "pass ignore_index= for targets that count for nothing"
    )


def test_an_unknown_average_is_refused():
    with pytest.raises(InputError) as told:
        MulticlassF1("mean")  # pyright: ignore[reportArgumentType]
    assert str(told.value) == (
        "average must be one of 'macro', 'micro', 'weighted' or None, got 'mean'"
    )
