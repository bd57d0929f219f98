"""Convolutions in the order of memory that oneDNN likes: the same numbers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lampas.jit.rewrites import convolution

aten = torch.ops.aten


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[list[Tensor], list[object]]:
    """x, weight and bias; and the arguments behind them."""
    number = draw(st.integers(1, 2))  # of dimensions
    each = st.lists(st.integers(1, 3), min_size=number, max_size=number)
    size, stride, dilation = draw(each), draw(each), draw(each)
    padding = [draw(st.integers(0, 2)) for _ in size]
    groups, transposed = draw(st.integers(1, 2)), draw(st.booleans())
    inputs, outputs = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    shape = (inputs, outputs // groups) if transposed else (outputs, inputs // groups)
    torch.manual_seed(draw(st.integers(0, 9)))
    bias = torch.randn(outputs) if draw(st.booleans()) else None
    x = torch.randn(draw(st.integers(1, 3)), inputs, *[9 for _ in size])
    tensors = [x, torch.randn(*shape, *size), bias]
    return tensors, [stride, padding, dilation, transposed, [0] * number, groups]


@settings(deadline=None)
@given(convolutions())
def test_forward_and_backward_are_those_of_torch(
    made: tuple[list[Tensor], list[object]],
) -> None:
    (x, weight, bias), rest = made
    expected = aten.convolution(x, weight, bias, *rest)
    found = convolution.forward(x, weight, bias, *rest)
    if found is NotImplemented:  # it has that form already
        assert x.ndim == 4
        found = expected
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    gradient = torch.randn_like(expected)
    sizes = None if bias is None else [len(bias)]
    mask = [True, True, bias is not None]
    wanted = aten.convolution_backward(gradient, x, weight, sizes, *rest, mask)
    got = convolution.backward(gradient, x, weight, sizes, *rest, mask)
    if got is not NotImplemented:
        for one, other, asked in zip(got, wanted, mask, strict=True):
            if asked:
                torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_only_what_is_asked_for_is_computed() -> None:
    x, weight, gradient = torch.randn(2, 3, 8), torch.randn(4, 3, 3), torch.randn(2, 4, 6)
    rest = ([1], [0], [1], False, [0], 1)
    found = convolution.backward(gradient, x, weight, None, *rest, [False, True, False])
    assert found[0] is None
    assert found[2] is None
    assert found[1].shape == weight.shape


def test_channels_lie_side_by_side_in_what_comes_out() -> None:
    x, weight = torch.randn(2, 3, 8, 8), torch.randn(4, 3, 3, 3)
    rest = ([1, 1], [0, 0], [1, 1], False, [0, 0], 1)
    assert convolution.forward(x, weight, None, *rest).stride() == (144, 1, 24, 4)


@pytest.mark.parametrize("shape", [(2, 1, 5, 5), (1, 3, 1, 1), (2, 3, 5, 1), (2, 3, 4, 5)])
def test_channels_last_are_the_same_numbers(shape: tuple[int, ...]) -> None:
    image = torch.randn(shape)
    found = convolution.channels_last(image)
    _, channels, height, width = shape
    assert torch.equal(found, image)
    assert found.stride() == (channels * height * width, 1, channels * width, channels)
    assert convolution.channels_last(found) is found


@pytest.mark.parametrize(
    "x",
    [
        torch.zeros(1, 1, 4, 4, dtype=torch.float64),
        torch.zeros(0, 1, 4, 4),
        torch.zeros(1, 1, 4, 4, 4),
        torch.zeros(1, 1, 4, 4, device="meta"),
    ],
    ids=["float64", "empty", "three dimensions", "another device"],
)
def test_what_gains_nothing_stays_as_it_is(x: Tensor) -> None:
    weight = torch.zeros(1, 1, *[2 for _ in x.shape[2:]], dtype=x.dtype, device=x.device)
    ones, zeros = [1 for _ in x.shape[2:]], [0 for _ in x.shape[2:]]
    rest = (ones, zeros, ones, False, zeros, 1)
    assert convolution.forward(x, weight, None, *rest) is NotImplemented
    assert convolution.backward(x, x, weight, None, *rest, [True, True, False]) is NotImplemented
