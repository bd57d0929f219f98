import pytest
import torch
import torchmetrics.functional.classification as tm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lampas.errors import DataError
from lampas.metrics import (
    BinaryAveragePrecision,
    BinaryRocAuc,
    MulticlassAveragePrecision,
    MulticlassRocAuc,
)
from lampas.metrics.areas import average_precision, roc_auc

AREAS = [
    (BinaryRocAuc, sk.roc_auc_score, tm.binary_auroc),
    (BinaryAveragePrecision, sk.average_precision_score, tm.binary_average_precision),
]
CLASSES = [
    (MulticlassRocAuc, tm.multiclass_auroc),
    (MulticlassAveragePrecision, tm.multiclass_average_precision),
]
modest = settings(max_examples=25, deadline=None)


def _value(metric, y_pred, y_true) -> float:
    for part_pred, part_true in zip(y_pred.split(7), y_true.split(7), strict=True):
        metric.update(part_pred, part_true)
    return metric.compute().item()


@pytest.mark.parametrize(("make", "theirs", "others"), AREAS)
@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(2, 60), levels=st.integers(1, 40))
def test_binary_agrees_with_others_with_ties(make, theirs, others, seed, rows, levels):
    torch.manual_seed(seed)
    scores = torch.randint(0, levels + 1, (rows,)) / levels
    truth = torch.randint(0, 2, (rows,))
    truth[:2] = torch.tensor([0, 1])
    ours = _value(make(), scores, truth)
    assert ours == pytest.approx(theirs(truth.numpy(), scores.numpy()), abs=1e-9)
    assert ours == pytest.approx(others(scores, truth).item(), abs=1e-6)


def test_the_area_is_the_chance_to_rank_a_pair_rightly():
    torch.manual_seed(2)
    scores, yes = torch.randint(0, 6, (50,)).float(), torch.rand(50) > 0.6
    pairs = scores[yes].unsqueeze(1) - scores[~yes]
    chance = ((pairs > 0).double() + 0.5 * (pairs == 0)).mean()
    torch.testing.assert_close(roc_auc(scores, yes), chance)


@pytest.mark.parametrize(("make", "theirs"), [case[:2] for case in AREAS])
def test_multilabel_is_the_mean_over_labels(make, theirs):
    torch.manual_seed(3)
    scores, truth = torch.rand(40, 3), torch.randint(0, 2, (40, 3))
    expected = theirs(truth.numpy(), scores.numpy(), average="macro")
    assert _value(make(), scores, truth) == pytest.approx(expected)
    maps = scores.reshape(10, 4, 3).movedim(2, 1), truth.reshape(10, 4, 3).movedim(2, 1)
    assert _value(make(), *maps) == pytest.approx(expected)


@pytest.mark.parametrize("make", [BinaryRocAuc, BinaryAveragePrecision])
def test_a_label_without_an_area_is_left_out(make):
    torch.manual_seed(4)
    scores, truth = torch.rand(20, 2), torch.randint(0, 2, (20, 2))
    truth[:, 1] = 0
    assert _value(make(), scores, truth) == _value(make(), scores[:, 0], truth[:, 0])


@pytest.mark.parametrize(
    ("area", "truth", "expected"),
    [
        (roc_auc, 0, None),
        (roc_auc, 1, None),
        (average_precision, 0, None),
        (average_precision, 1, 1.0),
    ],
)
def test_one_class_alone_is_nan_without_a_warning(area, truth, expected):
    value = area(torch.rand(5), torch.full((5,), bool(truth)))
    assert value.isnan() if expected is None else value.item() == expected


@pytest.mark.parametrize("make", [BinaryRocAuc, BinaryAveragePrecision])
def test_a_nan_score_is_not_hidden(make):
    scores = torch.rand(6, 2)
    scores[3, 1] = float("nan")
    assert torch.tensor(_value(make(), scores, torch.tensor([[0, 1], [1, 0]] * 3))).isnan()


@pytest.mark.parametrize(("make", "others"), CLASSES)
@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(8, 60))
def test_multiclass_agrees_with_others(make, others, seed: int, rows: int):
    torch.manual_seed(seed)
    logits = torch.randn(rows, 4).double()
    truth = torch.cat([torch.arange(4), torch.randint(0, 4, (rows - 4,))])
    p = logits.softmax(dim=1)
    ours = _value(make(from_logits=True), logits, truth)
    assert ours == pytest.approx(_value(make(from_logits=False), p, truth))
    assert ours == pytest.approx(_value(make(from_logits=True), logits.log_softmax(1), truth))
    assert ours == pytest.approx(others(p, truth, 4).item(), abs=1e-6)
    theirs = (
        sk.roc_auc_score(truth, p, multi_class="ovr")
        if make is MulticlassRocAuc
        else sk.average_precision_score(truth, p)
    )
    assert ours == pytest.approx(theirs)


@pytest.mark.parametrize("make", [case[0] for case in CLASSES])
def test_ignored_targets_and_missing_classes(make):
    torch.manual_seed(5)
    logits, truth = torch.randn(30, 4), torch.randint(0, 3, (30,))
    padded = torch.cat([truth, torch.full((5,), -100)])
    ours = make(from_logits=True, ignore_index=-100)
    value = _value(ours, torch.cat([logits, torch.randn(5, 4)]), padded)
    assert value == pytest.approx(_value(make(from_logits=True), logits, truth))
    p = logits.double().softmax(dim=1)
    area = roc_auc if make is MulticlassRocAuc else average_precision
    each = [area(p[:, c], truth == c).item() for c in range(3)]
    assert value == pytest.approx(sum(each) / 3)


@pytest.mark.parametrize("make", [case[0] for case in CLASSES])
def test_multiclass_scale_must_be_said_and_classes_must_fit(make):
    with pytest.raises(TypeError, match="from_logits"):
        make()
    metric = make(from_logits=True)
    metric.update(torch.zeros(2, 3), torch.tensor([0, 3]))
    with pytest.raises(DataError) as told:
        metric.compute()
    assert str(told.value) == (
        f"metric {make.name!r} met 1 class indices outside 0..2: the outputs have 3 classes; "
        "pass ignore_index= for targets that count for nothing"
    )
