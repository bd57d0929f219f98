from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.inputspec import float_dtype, inputs_like, inputs_of

NET = nn.Linear(2, 1)


def seen(tensor: torch.Tensor) -> tuple[tuple[int, ...], torch.dtype, str]:
    return tuple(tensor.shape), tensor.dtype, tensor.device.type


@pytest.mark.parametrize(
    ("shapes", "dtypes", "expected"),
    [
        ((3, 8), None, [((2, 3, 8), torch.float32)]),
        ([3, 8], torch.float16, [((2, 3, 8), torch.float16)]),
        (4, torch.LongTensor, [((2, 4), torch.int64)]),
        ((), torch.long, [((2,), torch.int64)]),
        (torch.Size([3]), torch.FloatTensor, [((2, 3), torch.float32)]),
        ([(3,), (4, 5)], None, [((2, 3), torch.float32), ((2, 4, 5), torch.float32)]),
        (((3,), (4,)), torch.half, [((2, 3), torch.float16), ((2, 4), torch.float16)]),
        ([(3,), ()], [None, torch.long], [((2, 3), torch.float32), ((2,), torch.int64)]),
    ],
)
def test_shapes_become_positional_arguments(shapes: Any, dtypes: Any, expected: Any) -> None:
    inputs = inputs_of(shapes, dtypes, 2, NET)
    assert [seen(tensor) for tensor in inputs.args] == [(*one, "meta") for one in expected]
    assert inputs.kwargs == {}


@pytest.mark.parametrize("dtypes", [{"ids": torch.long}, {"ids": torch.LongTensor, "x": None}])
def test_a_dict_of_shapes_becomes_arguments_by_name(dtypes: Any) -> None:
    inputs = inputs_of({"ids": (5,), "x": (3,)}, dtypes, 4, NET)
    assert inputs.args == ()
    assert {name: seen(tensor) for name, tensor in inputs.kwargs.items()} == {
        "ids": ((4, 5), torch.int64, "meta"),
        "x": ((4, 3), torch.float32, "meta"),
    }


def test_the_dtype_is_that_of_the_net() -> None:
    assert float_dtype(nn.Linear(2, 1).bfloat16()) == torch.bfloat16
    assert float_dtype(nn.ReLU()) == torch.float32
    assert inputs_of((2,), None, 2, nn.Linear(2, 1).double()).args[0].dtype == torch.float64


@pytest.mark.parametrize(
    ("shapes", "dtypes", "message"),
    [
        ((None, 3), None, "input_shape is (None, 3): leave the batch dimension out: (3,)"),
        ([(3,), (-1, 4)], None, "input_shape[1] is (-1, 4): leave the batch dimension out: (4,)"),
        ((3, -1), None, "input_shape is (3, -1): each size must be an integer of 0 or more"),
        ((3, 2.0), None, "input_shape is (3, 2.0): each size must be an integer of 0 or more"),
        ("3", None, "input_shape is '3': write a tuple of sizes, as (3, 32, 32)"),
        ({"x": 2.5}, None, "input_shape['x'] is 2.5: write a tuple of sizes, as (3, 32, 32)"),
        ((3,), "float", "input_dtype is 'float': write a torch dtype, as torch.float32"),
        ((3,), [torch.long] * 2, "input_dtype has 2 dtypes for 1 inputs"),
        ({"x": (3,)}, {"y": torch.long}, "input_dtype has 'y', which input_shape lacks"),
    ],
)
def test_what_is_no_shape_or_dtype(shapes: Any, dtypes: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        inputs_of(shapes, dtypes, 2, NET)
    assert str(caught.value) == message


def test_examples_are_told_apart_by_their_form() -> None:
    x, ids = torch.ones(4, 2), np.arange(4)
    assert inputs_like(x, NET).args == (x,)
    assert inputs_like((x, 3, None), NET).args == (x, 3, None)
    assert inputs_like([x], NET).args == (x,)
    assert inputs_like({"x": x}, NET).kwargs == {"x": x}
    assert seen(inputs_like(ids, NET).args[0]) == ((4,), torch.int64, "meta")
    assert inputs_like(np.ones((4, 2)), NET).args[0].dtype == torch.float32
    assert inputs_like({"x": np.ones(4, np.float16)}, NET).kwargs["x"].dtype == torch.float16
