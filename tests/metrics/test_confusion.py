import pytest
import torch
import torchmetrics.functional.classification as tm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lampas.errors import DataError
from lampas.metrics import BinaryConfusionMatrix, ConfusionMatrix

modest = settings(max_examples=20, deadline=None)


@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 40))
def test_multiclass_agrees_with_others(seed: int, rows: int):
    torch.manual_seed(seed)
    logits, truth = torch.randn(rows, 5, 2), torch.randint(0, 5, (rows, 2))
    metric = ConfusionMatrix(ignore_index=3)
    metric.update(logits, truth)
    seen = truth != 3
    if seen.any():
        theirs = sk.confusion_matrix(truth[seen], logits.argmax(1)[seen], labels=range(5))
        assert metric.compute().tolist() == theirs.tolist()
    others = tm.multiclass_confusion_matrix(logits, truth, 5, ignore_index=3)
    assert torch.equal(metric.compute(), others)


@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 40))
def test_binary_agrees_with_others(seed: int, rows: int):
    torch.manual_seed(seed)
    p, truth = torch.rand(rows, 1), torch.randint(0, 2, (rows,))
    metric = BinaryConfusionMatrix(from_logits=False, threshold=0.3)
    metric.update(p, truth)
    theirs = sk.confusion_matrix(truth, p.squeeze(1) > 0.3, labels=[0, 1])
    assert metric.compute().tolist() == theirs.tolist()


@pytest.mark.parametrize("outside", [-1, 3, 10_000])
def test_a_class_outside_lands_in_no_other_cell(outside: int):
    metric = ConfusionMatrix()
    metric.update(torch.eye(3), torch.tensor([0, 1, outside]))
    with pytest.raises(DataError) as told:
        metric.compute()
    assert str(told.value) == (
        "metric 'confusion_matrix' met 1 class indices outside 0..2: the outputs have 3 classes; "
        "pass ignore_index= for targets that count for nothing"
    )


def test_nothing_seen_is_empty_integers():
    assert ConfusionMatrix().compute().shape == (0, 0)
    assert torch.equal(
        BinaryConfusionMatrix(from_logits=True).compute(), torch.zeros(2, 2, dtype=torch.long)
    )
