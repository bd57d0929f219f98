import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lampas.board.bins import MOST, edges_between, of_values

floats = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(floats, max_size=200))
def test_every_finite_value_is_counted_once(values: list[float]) -> None:
    finite = [value for value in values if math.isfinite(value)]
    with np.errstate(over="ignore"):
        found = of_values(np.array(values))
    if found is None:
        assert not finite
        return
    assert sum(found.counts) == found.count == len(finite)
    assert (found.low, found.high) == (min(finite), max(finite))
    assert len(found.edges) == len(found.counts) + 1 <= MOST + 1
    assert found.edges == sorted(found.edges)


def test_bins_are_numpys() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    found = of_values(values)
    assert found is not None
    counts, edges = np.histogram(values, bins=MOST)
    assert found.counts == counts.tolist()
    assert found.edges == pytest.approx(edges)
    assert found.total == pytest.approx(values.sum())
    assert found.squares == pytest.approx((values**2).sum())


def test_few_values_get_few_bins() -> None:
    assert len(edges_between(0.0, 1.0, 9)) == 7
    assert len(edges_between(0.0, 1.0, 10**9)) == MOST + 1


def test_whole_numbers_and_booleans() -> None:
    assert of_values(np.array([True, False, True])).counts == [1, 0, 2]  # pyright: ignore
    assert of_values(np.array([7, 7])).edges == [6.5, 7.5]  # pyright: ignore
