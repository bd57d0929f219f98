import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.data import spans
from lampas.data.arrays import Rows, make_rows
from lampas.data.finite import check_targets, first_gap, gaps_in
from lampas.errors import DataError


def _rows(x: object, y: object = None) -> Rows:
    return make_rows(x, y, None, torch.float32)


@settings(deadline=None, max_examples=50)
@given(n=st.integers(1, 30), gaps=st.sets(st.integers(0, 29)), chunk=st.integers(1, 12))
def test_the_first_gap_and_their_number(n: int, gaps: set[int], chunk: int) -> None:
    x = np.ones((n, 3))
    there = sorted(row for row in gaps if row < n)
    for row in there:
        x[row, row % 3] = np.nan
        x[row, 2] = np.inf if row % 2 else x[row, 2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "SPAN_BYTES", chunk * 24)
        found = first_gap(_rows(x))
    if not there:
        assert found is None
        return
    assert found is not None
    first = there[0]
    column = 2 if first % 3 == 2 else first % 3
    more = f" ({len(there)} rows have such gaps)" if len(there) > 1 else ""
    value = x[first, column]
    assert found == (first, f"x has {value} in row {first}, column {column}{more}")


def test_large_finite_numbers_are_no_gap() -> None:
    assert first_gap(_rows(torch.full((100, 2), 3e38))) is None
    assert first_gap(_rows(torch.full((100,), 60000, dtype=torch.float16))) is None


def test_columns_of_frames_are_named() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, float("inf")]})
    assert first_gap(_rows(frame)) == (1, "x has inf in row 1, column 'b'")


def test_only_the_asked_leaves_are_searched() -> None:
    rows = _rows({"a": np.ones(2), "b": np.array([1.0, np.nan])}, np.array([np.nan, 1.0]))
    assert first_gap(rows, stop=1) is None
    assert first_gap(rows, stop=2) == (1, "x['b'] has nan in row 1")
    with pytest.raises(DataError) as caught:
        check_targets(rows, 2)
    assert str(caught.value) == "y has nan in row 0: drop those rows, or fill the gaps"


def test_images_and_integers() -> None:
    x = torch.zeros(3, 2, 4, 4)
    x[1, 1, 2, 2] = float("nan")
    assert gaps_in({"image": x, "kind": torch.ones(3).long()}, "x") == "x['image'] has nan in row 1"
    assert gaps_in((torch.ones(3).int(), None, "text"), "x") is None
