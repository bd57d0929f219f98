"""Maxima over windows by strided views: the same maxima, places and gradients."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lampas.jit.rewrites import max_pool

aten = torch.ops.aten
LAST = torch.channels_last


@st.composite
def pools(draw: st.DrawFn) -> tuple[Tensor, list[object]]:
    """An image with many equal elements; and the arguments behind it."""
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)).filter(lambda pair: pair != (1, 1)))
    step = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = [draw(st.integers(0, one // 2)) for one in size]
    shape = [draw(st.integers(1, 3)), draw(st.integers(2, 4)), *draw(
        st.tuples(st.integers(3, 9), st.integers(3, 9)))]  # fmt: skip
    torch.manual_seed(draw(st.integers(0, 99)))
    dtype = draw(st.sampled_from([torch.float32, torch.float64, torch.bfloat16]))
    x = torch.randn(shape).mul(2).round().to(dtype).to(memory_format=LAST)
    return x, [list(size), draw(st.sampled_from([list(step), []])), padding, [1, 1], False]


@settings(deadline=None)
@given(pools())
def test_maxima_places_and_gradient_are_those_of_torch(made: tuple[Tensor, list[object]]) -> None:
    x, rest = made
    maxima, places = aten.max_pool2d_with_indices(x, *rest)
    found = max_pool.forward(x, *rest)
    assert torch.equal(found[0], maxima)
    assert torch.equal(found[1], places)
    gradient = torch.randn_like(maxima)
    expected = aten.max_pool2d_with_indices_backward(gradient, x, *rest, places)
    got = max_pool.backward(gradient, x, *rest, places)
    loose = 0.05 if x.dtype is torch.bfloat16 else 1e-6  # up to nine are added, in another order
    assert got.dtype is x.dtype
    torch.testing.assert_close(got, expected, rtol=loose, atol=loose)


def test_windows_that_do_not_overlap_get_the_same_bits() -> None:
    x = torch.randn(2, 3, 7, 8).relu().to(memory_format=LAST)
    rest = ([2, 2], [2, 2], [0, 0], [1, 1], False)
    maxima, places = aten.max_pool2d_with_indices(x, *rest)
    gradient = torch.randn_like(maxima)
    expected = aten.max_pool2d_with_indices_backward(gradient, x, *rest, places)
    assert torch.equal(max_pool.backward(gradient, x, *rest, places), expected)


def test_nan_is_the_largest() -> None:
    x = torch.arange(32.0).view(1, 2, 4, 4).to(memory_format=LAST)
    x[0, 0, 1, 1] = torch.nan
    maxima, _ = max_pool.forward(x, [2, 2])
    assert torch.equal(maxima.isnan().nonzero(), torch.tensor([[0, 0, 0, 0]]))


@pytest.mark.parametrize(
    ("x", "rest"),
    [
        (torch.zeros(1, 2, 4, 4), ([2, 2],)),
        (torch.zeros(1, 1, 4, 4), ([2, 2],)),
        (torch.zeros(2, 4, 4), ([2, 2],)),
        (torch.zeros(1, 2, 4, 4).to(memory_format=LAST), ([1, 1], [2, 2])),
        (torch.zeros(1, 2, 9, 9).to(memory_format=LAST), ([4, 4],)),
        (torch.zeros(1, 2, 9, 9).to(memory_format=LAST), ([2, 2], [2, 2], [0, 0], [2, 2])),
        (torch.zeros(1, 2, 9, 9).to(memory_format=LAST), ([2, 2], [2, 2], [0, 0], [1, 1], True)),
        (torch.zeros(1, 2, 4, 4, dtype=torch.int64).to(memory_format=LAST), ([2, 2],)),
        (torch.zeros(1, 2, 4, 4, device="meta").to(memory_format=LAST), ([2, 2],)),
    ],
    ids=[
        "channels apart", "one channel", "no batch", "one place", "large windows", "dilated",
        "cut windows", "integers", "another device",
    ],
)  # fmt: skip
def test_what_gains_nothing_stays_as_it_is(x: Tensor, rest: tuple[Any, ...]) -> None:
    size, *given = rest
    default = (size, [0, 0], [1, 1], False)
    full = (*given, *default[len(given) :])
    assert max_pool.forward(x, *rest) is NotImplemented
    assert max_pool.backward(x, x, size, *full, x) is NotImplemented
