import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas.errors import InputError
from lampas.optim import clip_


def with_gradients(*gradients: list[float]) -> list[nn.Parameter]:
    params = [nn.Parameter(torch.zeros(len(g))) for g in gradients]
    for p, g in zip(params, gradients, strict=True):
        p.grad = torch.tensor(g)
    return params


NUMBERS = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(NUMBERS, NUMBERS, st.floats(0.01, 50))
def test_by_norm_scales_all_gradients_alike(a: list[float], b: list[float], limit: float) -> None:
    params = with_gradients(a, b)
    found = clip_(params, norm=limit)
    norm = math.sqrt(sum(g * g for g in a + b))
    factor = min(1.0, limit / (norm + 1e-6))
    assert found is not None
    assert found.item() == pytest.approx(norm, rel=1e-5, abs=1e-6)
    for p, g in zip(params, (a, b), strict=True):
        assert p.grad is not None
        assert p.grad.tolist() == pytest.approx([factor * v for v in g], rel=1e-4, abs=1e-5)


def test_by_value_then_by_norm() -> None:
    (p,) = params = with_gradients([3.0, -40.0, 0.5])
    assert clip_(params, value=4.0) is None
    assert p.grad is not None
    assert p.grad.tolist() == [3.0, -4.0, 0.5]
    (p,) = params = with_gradients([3.0, -40.0])
    norm = clip_(params, norm=1.0, value=4.0)
    assert norm is not None
    assert norm.item() == pytest.approx(5.0)
    assert p.grad is not None
    assert p.grad.tolist() == pytest.approx([0.6, -0.8], abs=1e-5)


def test_a_generator_serves_both_and_missing_gradients_are_skipped() -> None:
    params = [*with_gradients([3.0, 4.0]), nn.Parameter(torch.zeros(2))]
    norm = clip_((p for p in params), norm=10.0, value=100.0)
    assert norm is not None
    assert norm.item() == 5.0


def test_nan_is_returned_not_raised() -> None:
    norm = clip_(with_gradients([1.0, math.nan]), norm=1.0)
    assert norm is not None
    assert norm.isnan()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"norm": 0.0}, "clip_norm is 0.0: it must be a positive number, or None"),
        ({"value": -1.0}, "clip_value is -1.0: it must be a positive number, or None"),
        ({"norm": math.nan}, "clip_norm is nan: it must be a positive number, or None"),
    ],
)
def test_a_limit_must_be_positive(limits: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as caught:
        clip_(with_gradients([1.0]), **limits)
    assert str(caught.value) == message
