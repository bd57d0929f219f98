import pytest
import torch
import torchmetrics.functional.classification as tm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lampas.errors import InputError, ShapeError
from lampas.metrics import (
    BinaryAccuracy,
    MulticlassAccuracy,
    MultilabelAccuracy,
    MultilabelExactMatch,
    TopKAccuracy,
)


def _value(metric, y_pred, y_true) -> float:
    metric.update(y_pred, y_true)
    return metric.compute().item()


draws = given(seed=st.integers(0, 10_000), rows=st.integers(1, 40))
modest = settings(max_examples=20, deadline=None)


@modest
@draws
def test_binary_agrees_with_others(seed: int, rows: int):
    torch.manual_seed(seed)
    logits, truth = torch.randn(rows), torch.randint(0, 2, (rows,))
    ours = _value(BinaryAccuracy(from_logits=True), logits, truth)
    assert ours == pytest.approx(sk.accuracy_score(truth, logits > 0))
    assert ours == pytest.approx(tm.binary_accuracy(logits.sigmoid(), truth).item())


@modest
@draws
def test_a_threshold_means_the_same_on_logits_and_probabilities(seed: int, rows: int):
    torch.manual_seed(seed)
    logits, truth = torch.randn(rows).double(), torch.randint(0, 2, (rows,))
    on_logits = _value(BinaryAccuracy(from_logits=True, threshold=0.7), logits, truth)
    on_p = _value(BinaryAccuracy(from_logits=False, threshold=0.7), logits.sigmoid(), truth)
    assert on_logits == on_p == pytest.approx(sk.accuracy_score(truth, logits.sigmoid() > 0.7))


@pytest.mark.parametrize(
    "truth",
    [
        torch.tensor([True, False, True]),
        torch.tensor([1, -1, 1]),
        torch.tensor([0.95, 0.05, 0.95]),
        torch.tensor([1, 0, 1], dtype=torch.uint8),
        torch.tensor([[1.0], [0.0], [1.0]]),
    ],
)
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_binary_targets_of_any_kind(truth: torch.Tensor, shape: tuple[int, ...]):
    logits = torch.tensor([2.0, 3.0, 1.0]).reshape(shape)
    assert _value(BinaryAccuracy(from_logits=True), logits, truth) == pytest.approx(2 / 3)


def test_a_tiny_logit_is_a_yes():
    assert _value(BinaryAccuracy(from_logits=True), torch.tensor([1e-12]), torch.ones(1)) == 1.0


def test_the_scale_must_be_said():
    with pytest.raises(TypeError, match="from_logits"):
        BinaryAccuracy()  # pyright: ignore[reportCallIssue]


@modest
@draws
def test_multilabel_elementwise_and_exact_match(seed: int, rows: int):
    torch.manual_seed(seed)
    logits, truth = torch.randn(rows, 3), torch.randint(0, 2, (rows, 3))
    elementwise = _value(MultilabelAccuracy(from_logits=True), logits, truth)
    exact = _value(MultilabelExactMatch(from_logits=True), logits, truth)
    assert elementwise == pytest.approx(1 - sk.hamming_loss(truth, logits > 0))
    assert elementwise == _value(BinaryAccuracy(from_logits=True), logits, truth)
    assert exact == pytest.approx(sk.accuracy_score(truth, logits > 0))


@pytest.mark.parametrize("make", [MultilabelAccuracy, MultilabelExactMatch])
def test_multilabel_wants_labels(make):
    with pytest.raises(ShapeError) as told:
        make(from_logits=True).update(torch.zeros(3), torch.zeros(3))
    assert str(told.value) == (
        f"metric {make.name!r} takes one output a label, outputs (N, L), got (3,): "
        "a single yes/no output has BinaryAccuracy"
    )


@modest
@draws
def test_multiclass_agrees_with_others(seed: int, rows: int):
    torch.manual_seed(seed)
    logits, truth = torch.randn(rows, 4, 2), torch.randint(0, 4, (rows, 2))
    ours = _value(MulticlassAccuracy(ignore_index=1), logits, truth)
    seen = truth != 1
    if not seen.any():
        assert ours != ours
        return
    assert ours == pytest.approx(sk.accuracy_score(truth[seen], logits.argmax(1)[seen]))
    assert ours == pytest.approx(
        tm.multiclass_accuracy(logits, truth, 4, average="micro", ignore_index=1).item()
    )


@pytest.mark.parametrize(
    "truth",
    [
        torch.tensor([1, 2]),
        torch.tensor([[1], [2]]),
        torch.tensor([1.0, 2.0]),
        torch.tensor([[0.0, 1.0, 0.0], [0.1, 0.2, 0.7]]),
        torch.tensor([[0, 1, 0], [0, 0, 1]]),
    ],
)
def test_multiclass_targets_of_any_kind(truth: torch.Tensor):
    scores = torch.tensor([[0.1, 2.0, 0.3], [0.2, 0.1, 0.0]])
    assert _value(MulticlassAccuracy(), scores, truth) == 0.5


@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 40), k=st.integers(1, 4))
def test_top_k_agrees_with_others(seed: int, rows: int, k: int):
    torch.manual_seed(seed)
    logits, truth = torch.randn(rows, 5), torch.randint(0, 5, (rows,))
    ours = _value(TopKAccuracy(k), logits, truth)
    assert ours == pytest.approx(
        sk.top_k_accuracy_score(truth.numpy(), logits.numpy(), k=k, labels=range(5))
    )
    assert ours == pytest.approx(
        tm.multiclass_accuracy(logits, truth, 5, average="micro", top_k=k).item()
    )


def test_top_k_of_equal_scores_prefers_the_lower_class():
    scores = torch.zeros(4, 4)
    assert _value(TopKAccuracy(2), scores, torch.arange(4)) == 0.5


def test_top_k_never_finds_nan_and_ranks_nan_first():
    nan = float("nan")
    assert _value(TopKAccuracy(1), torch.tensor([[nan, 0.0]]), torch.tensor([0])) == 0.0
    assert _value(TopKAccuracy(1), torch.tensor([[nan, 9.0]]), torch.tensor([1])) == 0.0


def test_top_k_counts_a_class_outside_as_wrong():
    scores = torch.tensor([[0.1, 0.5, 0.9]])
    assert _value(TopKAccuracy(2), scores, torch.tensor([7])) == 0.0
    assert _value(TopKAccuracy(2), scores, torch.tensor([-1])) == 0.0


def test_top_k_that_says_nothing_is_refused():
    with pytest.raises(InputError) as told:
        TopKAccuracy(0)
    assert str(told.value) == "top-k accuracy needs k of 1 or more, got 0"
    with pytest.raises(ShapeError) as told:
        TopKAccuracy(5).update(torch.zeros(2, 4), torch.zeros(2))
    assert str(told.value) == (
        "metric 'top_5_accuracy' is always 1 for 4 classes: choose a k below the number of classes"
    )
