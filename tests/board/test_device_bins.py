import pytest
import torch

from lampas.board.bins import of_values
from lampas.board.device_bins import SMALL, of_tensor


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int32])
def test_counted_on_the_device_as_on_the_host(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    tensor = (torch.randn(100, SMALL // 50) * 50).to(dtype).requires_grad_(dtype.is_floating_point)
    found, wanted = of_tensor(tensor), of_values(tensor.detach().float().numpy())
    assert found is not None
    assert wanted is not None
    assert (found.low, found.high, found.count) == (wanted.low, wanted.high, wanted.count)
    assert sum(found.counts) == tensor.numel()
    # A value on an edge may fall to either side: the two compute in different precision.
    assert sum(abs(a - b) for a, b in zip(found.counts, wanted.counts, strict=True)) <= 8
    assert found.squares == pytest.approx(wanted.squares, rel=1e-4)


def test_nan_and_infinity_are_left_out() -> None:
    tensor = torch.randn(2 * SMALL)
    tensor[:3] = torch.tensor([float("nan"), float("inf"), -float("inf")])
    assert of_tensor(tensor).count == 2 * SMALL - 3  # pyright: ignore
    assert of_tensor(torch.full((2 * SMALL,), float("nan"))) is None


def test_a_large_constant() -> None:
    assert of_tensor(torch.zeros(2 * SMALL)).counts == [2 * SMALL]  # pyright: ignore
