from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lampas.data.arrays import batch_dtype, is_array, make_rows, to_tensor
from lampas.errors import DataError, DtypeError, ShapeError

F32 = torch.float32


@settings(deadline=None)
@given(
    array=hnp.arrays(
        st.sampled_from(["f2", "<f4", ">f4", "f8", "i1", "<i2", ">i8", "u1", ">u2", "u4", "?"]),
        hnp.array_shapes(max_dims=3, max_side=4),
    ),
    reverse=st.booleans(),
    transpose=st.booleans(),
)
def test_a_tensor_holds_what_the_array_holds(array: Any, reverse: bool, transpose: bool) -> None:
    array = array[::-1] if reverse else array
    array = array.T if transpose else array
    tensor = to_tensor(array, "x")
    assert tuple(tensor.shape) == array.shape
    np.testing.assert_array_equal(tensor.numpy(), array)


def test_memory_is_shared_where_it_can_be() -> None:
    array = np.zeros((3, 2))
    to_tensor(array, "x")[0, 0] = 7.0
    assert array[0, 0] == 7.0
    frame = pd.DataFrame(np.zeros((3, 2)))
    tensor = to_tensor(frame, "x")
    assert tensor.data_ptr() == frame.to_numpy().__array_interface__["data"][0]


def test_a_tensor_is_cut_from_its_graph() -> None:
    made = torch.ones(3, requires_grad=True) * 2
    found = to_tensor(made, "x")
    assert not found.requires_grad
    assert found.data_ptr() == made.data_ptr()


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        ("float64", F32), ("float16", F32), ("longdouble", F32), ("int8", torch.int64),
        ("int32", torch.int64), ("uint16", torch.int64), ("int64", torch.int64),
        ("uint8", torch.uint8), ("bool", torch.bool), ("complex64", torch.complex64),
    ],
)  # fmt: skip
def test_the_dtype_of_batches(dtype: str, wanted: torch.dtype) -> None:
    array = np.ones(3, dtype)
    assert batch_dtype(array, to_tensor(array, "x"), F32) == wanted


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.int32, torch.uint16])
def test_tensors_keep_their_dtype(dtype: torch.dtype) -> None:
    tensor = torch.ones(3, dtype=dtype)
    assert batch_dtype(tensor, tensor, F32) == dtype


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (pd.Series([1, 2], dtype="Int8"), np.int8),
        (pd.Series([1, None], dtype="Int64"), np.float64),
        (pd.Series([True, False], dtype="boolean"), np.bool_),
        (pd.Series([True, None], dtype="boolean"), np.float64),
        (pd.Series([1.5, None], dtype="Float32"), np.float64),
        (pd.DataFrame({"a": [1, 2], "b": [True, False]}), np.int64),
        (pd.DataFrame({"a": pd.array([1, 2], "Int64"), "b": [0.5, 1]}), np.float64),
        (pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": [True, False]}), np.float64),
        (pd.Index([3, 4]), np.int64),
    ],
)
def test_pandas_numbers(value: Any, dtype: Any) -> None:
    found = to_tensor(value, "x").numpy()
    floats = dtype is np.float64
    assert found.dtype.kind == np.dtype(dtype).kind
    assert not floats or found.dtype in (np.float64, np.float32)
    wanted = value.to_numpy(dtype="float64", na_value=np.nan)
    np.testing.assert_array_equal(found.astype("float64"), wanted)


def test_rows_hold_the_parts_in_order() -> None:
    x = {"a": np.zeros((4, 2)), "b": np.arange(4, dtype="int32")}
    rows = make_rows(x, None, pd.Series([1.0, 2, 3, 4]), F32)
    assert len(rows) == 4
    assert rows.names == ["x['a']", "x['b']", "sample_weight"]
    assert rows.dtypes == [F32, torch.int64, F32]
    middle = rows.span(1, 3)
    assert len(middle) == 2
    assert middle.x["b"].tolist() == [1, 2]
    assert middle.weight is not None
    assert middle.weight.tolist() == [2.0, 3.0]
    assert middle.y is None


def test_weights_are_one_a_sample() -> None:
    rows = make_rows(np.ones((3, 2)), None, np.array([[1.0], [2], [3]]), F32)
    assert rows.weight is not None
    assert rows.weight.tolist() == [1.0, 2.0, 3.0]
    cases = [
        (np.ones((3, 2)), "sample_weight has shape (3, 2): pass one weight a sample, (3,)"),
        ({"a": np.ones(3)},
         "sample_weight is one array (N,), for all outputs: pass no dict or tuple"),
    ]  # fmt: skip
    for weight, line in cases:
        with pytest.raises(ShapeError) as caught:
            make_rows(np.ones((3, 2)), None, weight, F32)
        assert str(caught.value) == line


def test_lists_of_numbers_are_no_arrays() -> None:
    for name, y, weight in (("y", [0, 1.5], None), ("sample_weight", None, [1.0, 2.0])):
        with pytest.raises(DataError) as caught:
            make_rows(np.ones(2), y, weight, F32)
        line = f"{name} is a list of numbers: pass np.asarray({name}), or torch.tensor({name})"
        assert str(caught.value) == line


def test_columns_of_frames_are_known() -> None:
    rows = make_rows(pd.DataFrame({"a": [1.0], 5: [2.0]}), np.ones(1), None, F32)
    assert rows.columns == [["a", "5"], None]


@pytest.mark.parametrize(
    ("x", "y", "line"),
    [
        (np.ones(3), np.ones(4), "x has 3 samples but y has 4: they must be of one length"),
        (np.ones(3), {"k": np.ones(2)},
         "x has 3 samples but y['k'] has 2: they must be of one length"),
        (np.ones((0, 2)), None, "x is empty: shape (0, 2)"),
        (np.float64(1), None, "x is a float64: pass a tensor, a NumPy array, a pandas object, a "
         "tuple or dict of these, a Dataset or a DataLoader"),
        (np.array(1.0), None, "x is a single number: it needs a first dimension of samples"),
        ((), np.ones(3), "x holds no array: pass a tensor, a NumPy array or a pandas object"),
    ],
)  # fmt: skip
def test_arrays_that_cannot_be_rows(x: Any, y: Any, line: str) -> None:
    with pytest.raises(DataError) as caught:
        make_rows(x, y, None, F32)
    assert str(caught.value) == line


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array(["2020"], "M8[Y]")])
def test_arrays_of_no_numbers(array: Any) -> None:
    line = (
        f"y is an array of {array.dtype}, which no tensor can hold: encode it as numbers "
        "(lampas.tabular does so for tables)"
    )
    with pytest.raises(DtypeError) as caught:
        to_tensor(array, "y")
    assert str(caught.value) == line


def test_what_is_an_array() -> None:
    arrays = [torch.ones(1), np.ones(1), pd.Series([1]), pd.DataFrame({"a": [1]})]
    assert all(is_array(value) for value in arrays)
    assert not any(is_array(value) for value in ([1], (np.ones(1),), {"a": 1}, 1.0, None))
