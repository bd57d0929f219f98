"""Numbers about a tensor."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lampas.autograd.stats import COLUMNS, Numbers, statistics


def of(tensor: torch.Tensor) -> dict[str, float]:
    return dict(zip(COLUMNS, statistics(tensor).tolist(), strict=True))


@given(
    st.lists(
        st.floats(-1e6, 1e6) | st.sampled_from([0.0, math.nan, math.inf, -math.inf]), max_size=30
    )
)
def test_as_numpy_says(values: list[float]) -> None:
    found = of(torch.tensor(values, dtype=torch.float64))
    array = np.array(values)
    finite = array[np.isfinite(array)]
    if len(finite):
        expected = [finite.mean(), finite.std(), finite.min(), finite.max()]
        assert list(found.values())[:4] == pytest.approx(expected, rel=1e-9, abs=1e-6)
    else:
        assert all(math.isnan(value) for value in list(found.values())[:4])
    if values:
        assert found["zeros"] == pytest.approx((array == 0).mean())
        assert (found["nan"], found["inf"]) == (np.isnan(array).sum(), np.isinf(array).sum())


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([0, 1, 2, 3]),
        torch.tensor([0, 1, 2, 3], dtype=torch.float16),
        torch.tensor([0, 1, 2, 3], dtype=torch.bfloat16),
        torch.tensor([0, 1j, 2, -3]),
        torch.tensor([0.0, 1, 2, 3]).reshape(2, 2).to_sparse(),
        torch.tensor([0.0, 1, 2, 3], requires_grad=True),
    ],
)
def test_all_kinds(tensor: torch.Tensor) -> None:
    found = statistics(tensor)
    assert not found.requires_grad
    assert found.tolist() == pytest.approx([1.5, 1.25**0.5, 0, 3, 0.25, 0, 0])


def test_scalars_booleans_and_nothing() -> None:
    assert of(torch.tensor(2.0))["std"] == 0
    assert of(torch.tensor([True, False]))["mean"] == 0.5
    assert all(math.isnan(value) for value in of(torch.ones(0, 3)).values())


def test_many_halves_are_summed_well() -> None:
    assert of(torch.full((100_000,), 3.0, dtype=torch.float16))["mean"] == 3


@given(st.integers(0, 400), st.integers(0, 400))
def test_rows_come_back_in_order(many: int, last: int) -> None:
    numbers = Numbers()
    for row in range(many):
        numbers.append(torch.full((7,), float(row)))
    assert [row[0] for row in numbers.read()] == list(range(many))
    if last:
        assert [row[0] for row in numbers.read(last=last)] == list(range(many))[-last:]
