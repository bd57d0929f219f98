import numpy as np
import pandas as pd
import pytest
import torch

from lampas.tables.one_hot import one_hot_remark

ROWS = np.eye(2)[[0, 1, 1]]


@pytest.mark.parametrize("targets", [ROWS, ROWS.tolist(), torch.tensor(ROWS), ROWS.astype(bool)])
def test_arrays_with_a_single_1_in_each_row_are_told(targets):
    assert one_hot_remark(targets, "labels") == (
        "labels has exactly one 1 in each row, as one-hot classes have: for one target of 2 "
        "classes pass labels.argmax(1); as it is, each column is a yes/no target of its own"
    )


@pytest.mark.parametrize(
    "targets",
    [
        np.array([[0, 1], [1, 1]]),
        np.array([[0, 1], [0, 0]]),
        np.array([[0.5, 0.5], [0, 1]]),
        np.array([["a", "b"], ["b", "a"]]),
        np.array([0, 1]),
        np.array([[1], [1]]),
        pd.DataFrame({"red": [0, 1], "blue": [1, 0]}),
        pd.Series([0, 1]),
    ],
)
def test_all_else_is_not(targets):
    assert one_hot_remark(targets, "y") is None
