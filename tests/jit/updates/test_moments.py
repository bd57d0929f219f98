import pytest
import torch

from lampas.jit.updates.moments import averaged, averaged_square, correction

ONE = torch.tensor([1.0])


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.9, 0.999])
def test_an_average_that_is_the_value_stays_so(beta: float) -> None:
    third = torch.tensor([1 / 3])
    assert torch.equal(averaged(third, third, number(beta)), third)


def test_without_memory_the_average_is_the_value() -> None:
    large = torch.tensor([1e8])
    assert averaged(large, ONE, number(0.0)).item() == 1
    assert averaged_square(large, 2 * ONE, number(0.0)).item() == 4


@pytest.mark.parametrize("steps", [1, 2, 1000])
def test_the_correction_is_what_pythons_numbers_give(steps: int) -> None:
    found = correction(number(0.999), torch.tensor(float(steps)))
    assert found.dtype == torch.float64
    assert found.item() == pytest.approx(1 - 0.999**steps, rel=1e-12)
