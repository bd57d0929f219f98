import pytest
import torch

from lampas.errors import InputError
from lampas.reasons.integral import between, path_points


@pytest.mark.parametrize("steps", [1, 2, 5, 32])
def test_polynomials_are_exact_up_to_their_degree(steps):
    points = path_points(steps)
    for power in range(2 * steps):
        mean = sum(weight * place**power for place, weight in points)
        assert mean == pytest.approx(1 / (power + 1), rel=1e-12)


def test_a_path_begins_and_ends_where_it_is_told():
    start, end = torch.tensor([1.0, 2.0]), torch.tensor([3.0, -2.0])
    assert between(start, end, 0.0).equal(start)
    assert between(start, end, 1.0).equal(end)
    assert between(start, end, 0.5).tolist() == [2.0, 0.0]
    with pytest.raises(InputError, match=r"^steps is 1.5: it must be a whole number"):
        path_points(1.5)
