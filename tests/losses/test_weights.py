import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas.errors import DataError, InputError
from lampas.losses import (
    balanced_weights,
    class_counts,
    effective_weights,
    label_counts,
    pos_weight,
)

few = settings(max_examples=25, deadline=None)
labels = st.lists(st.integers(0, 4), min_size=1, max_size=30)


@few
@given(y=labels)
def test_balanced_is_scikit_learns(y):
    from sklearn.utils.class_weight import compute_class_weight

    present = np.unique(y)
    theirs = compute_class_weight("balanced", classes=present, y=np.array(y))
    ours = balanced_weights(class_counts(y, classes=5))
    np.testing.assert_allclose(ours[present].numpy(), theirs, rtol=1e-6)
    assert float(ours.sum()) == pytest.approx(theirs.sum(), rel=1e-6)  # absent classes: 0
    assert ours.dtype is torch.float32


@few
@given(
    counts=st.lists(st.integers(0, 5000), min_size=2, max_size=6).filter(any),
    beta=st.sampled_from([0.0, 0.9, 0.999, 0.9999]),
)
def test_effective_weights_are_the_paper_s(counts, beta):
    numbers = [sum(beta**k for k in range(n)) for n in counts]  # the sum behind (1-b^n)/(1-b)
    raw = [1 / number if number else 0.0 for number in numbers]
    want = [value / sum(raw) * sum(n > 0 for n in counts) for value in raw]
    np.testing.assert_allclose(effective_weights(counts, beta).numpy(), want, rtol=1e-5)


@few
@given(y=labels)
def test_counts_are_those_of_a_loop(y):
    counts = class_counts([*y, -100], classes=6)
    assert counts.tolist() == [y.count(c) for c in range(6)]
    assert len(class_counts(np.array(y))) == max(y) + 1


def test_counts_of_whole_floats_bools_and_maps():
    assert class_counts(torch.tensor([[1.0, 0.0], [1.0, 1.0]])).tolist() == [1, 3]
    assert class_counts(torch.tensor([True, False, True])).tolist() == [1, 2]


def test_label_counts_of_one_and_several_labels():
    assert label_counts([1, 0, 0]).tolist() == [2, 1]
    assert label_counts(torch.tensor([[1.0, 0.0], [1.0, 1.0]])).tolist() == [[0, 1], [2, 1]]


def test_pos_weight_is_no_over_yes_and_one_where_nothing_balances():
    y = torch.tensor([[1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]])
    assert pos_weight(balanced_weights(label_counts(y))).tolist() == [3.0, 1.0, 1.0]
    assert pos_weight(effective_weights(label_counts(y), beta=0.0)).tolist() == [1.0, 1.0, 1.0]


def test_they_go_into_torchs_losses():
    y = torch.tensor([0, 0, 0, 1])
    weighted = nn.CrossEntropyLoss(balanced_weights(class_counts(y)))(torch.zeros(4, 2), y)
    assert weighted.item() == pytest.approx(np.log(2))
    factor = pos_weight(balanced_weights(label_counts(y)))
    got = nn.BCEWithLogitsLoss(pos_weight=factor)(torch.zeros(4), y.float())
    assert got.item() == pytest.approx(np.log(2) * 6 / 4)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: class_counts([]), DataError, "there are no targets to count"),
        (lambda: class_counts([-100]), DataError, "there are no targets to count"),
        (
            lambda: class_counts([0.5, 1.0]),
            DataError,
            "the targets hold 0.5: class indices are whole numbers",
        ),
        (lambda: class_counts([0, -1]), DataError, "the targets hold -1: class indices start at 0"),
        (
            lambda: class_counts([0, 3], classes=3),
            DataError,
            "the targets hold 3: 3 classes end at 2",
        ),
        (lambda: label_counts([]), DataError, "there are no targets to count"),
        (
            lambda: label_counts([0, 2]),
            DataError,
            "the targets hold 2: a yes/no target is 0 or 1",
        ),
        (
            lambda: balanced_weights([3, -1]),
            DataError,
            "the counts hold -1: a count cannot be negative",
        ),
        (
            lambda: balanced_weights([0, 0]),
            DataError,
            "the counts are all 0: there are no samples to balance",
        ),
        (
            lambda: effective_weights([1], beta=1.0),
            InputError,
            "beta is 1.0: it must lie in [0, 1)",
        ),
        (
            lambda: pos_weight(torch.ones(3)),
            InputError,
            "pos_weight takes the weights of two classes, (2, ...), got (3,)",
        ),
    ],
)
def test_bad_input_is_one_line(make, kind, message):
    with pytest.raises(kind) as error:
        make()
    assert str(error.value) == message
