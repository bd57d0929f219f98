"""Samples by position: the same kind of thing, counted, chosen, and its labels found."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import Subset, TensorDataset

from lampas.data.parts import column, count_of, labels_of, one_each, taken

KINDS = {
    "tensor": torch.arange(6),
    "array": np.arange(6),
    "series": pd.Series(range(6)),
    "index": pd.Index(np.arange(6)),
    "samples": list(range(6)),
}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.lists(st.integers(0, 5), max_size=8))
def test_positions_are_taken_in_their_order(kind, positions):
    data = KINDS[kind]
    assert count_of(data) == 6
    found = taken(data, np.asarray(positions, np.int64))
    assert type(found) is type(data)
    assert list(map(int, found)) == positions


def test_several_inputs_and_lists_of_samples() -> None:
    inputs = [torch.zeros(3, 2), np.ones(3)]
    assert count_of(inputs) == 3
    assert [len(part) for part in taken(inputs, np.array([0, 2]))] == [2, 2]
    pairs = [(torch.zeros(2), 0), (torch.zeros(4), 1), (torch.zeros(1), 0)]
    assert count_of(pairs) == 3
    assert taken(pairs, np.array([1])) == [pairs[1]]


def test_a_frame_keeps_index_and_dtypes() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": list("xyz")}, index=[7, 8, 9])
    found = taken(frame, np.array([2, 0]))
    pd.testing.assert_frame_equal(found, frame.loc[[9, 7]])


def test_subsets_of_subsets_are_one_subset() -> None:
    data = TensorDataset(torch.arange(6), torch.arange(6) % 2)
    inner = taken(data, np.array([1, 3, 5]))
    outer = taken(inner, np.array([2, 0]))
    assert (type(outer), outer.dataset, outer.indices) == (Subset, data, [5, 1])
    assert labels_of(outer).tolist() == [1, 1]


def test_a_column_by_value_and_by_name() -> None:
    frame = pd.DataFrame({"kind": ["a", "b"]})
    assert column(frame, "kind", "labels").tolist() == ["a", "b"]
    assert column({"kind": ["a", "b"]}, "kind", "labels").tolist() == ["a", "b"]
    assert column([1, 2], torch.tensor([[3], [4]]), "labels").tolist() == [3, 4]
    assert one_each(pd.Series(["a", "b"], dtype="category"), "labels").tolist() == ["a", "b"]


@pytest.mark.parametrize("weight", [None, torch.ones(2)])
def test_labels_beside_inputs_and_weights(weight) -> None:
    assert labels_of((torch.zeros(2), [0, 1], weight)) == [0, 1]
