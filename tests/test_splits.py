"""Held-out rows: each row on one side, each class with its share, from a seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.errors import DataError
from lampas.splits import split_rows


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=12, max_size=80), st.integers(0, 9))
def test_every_row_is_on_one_side_and_every_class_is_trained_on(labels, seed):
    classes = np.array(labels)
    try:
        train, held = split_rows(len(classes), 0.25, seed, classes)
    except DataError:
        assert max(np.unique(classes, return_counts=True)[1]) < 4
        return
    assert sorted([*train, *held]) == list(range(len(classes)))
    for name, count in zip(*np.unique(classes, return_counts=True), strict=True):
        assert name in classes[train]
        assert abs((classes[held] == name).sum() - 0.25 * count) <= 1
    assert abs(len(held) - 0.25 * len(classes)) <= 1


def test_the_seed_decides():
    first, again, other = (split_rows(50, 0.2, seed)[1].tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert len(first) == 10


def test_a_class_of_one_row_stays_in_training():
    train, held = split_rows(11, 0.5, 0, np.array(["a"] * 10 + ["rare"]))
    assert 10 in train
    assert len(held) == 5


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, 1.5])
def test_a_share_out_of_range(share):
    with pytest.raises(DataError) as caught:
        split_rows(10, share, 0)
    assert str(caught.value) == (
        f"validation={share!r}: a share of the rows between 0 and 1 is needed"
    )


def test_too_few_rows():
    with pytest.raises(DataError) as caught:
        split_rows(2, 0.2, 0)
    assert str(caught.value) == "validation=0.2 of 2 rows leaves none on one side: pass a frame"
