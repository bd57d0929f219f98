import math

import torch

from lampas.metrics.sums import RunningMean, RunningSum, wide


def test_float32_parts_add_up_without_loss():
    parts = torch.rand(20_000)
    total, plain = RunningSum(), torch.zeros(())
    for part in parts:
        total.add(part)
        plain = plain + part
    exact = math.fsum(parts.tolist())
    found = total.value()
    assert found is not None
    assert found.dtype == torch.float32
    assert abs(found.item() - exact) <= 1e-3  # half a step of float32 at 10000
    assert abs(plain.item() - exact) > 1e-2  # what a plain sum would have lost


def test_integers_stay_integers():
    total = RunningSum()
    total.add(torch.tensor(2**53))
    total.add(torch.tensor(1))
    found = total.value()
    assert found is not None
    assert found.item() == 2**53 + 1


def test_nothing_is_none_and_a_mean_of_nothing_nan():
    assert RunningSum().value() is None
    assert RunningMean().value().isnan()
    empty = RunningMean()
    empty.add(torch.tensor(0), torch.tensor(0))
    assert empty.value().isnan()


def test_wide_is_float64_where_there_is_float64():
    assert wide(torch.tensor([True])).dtype == torch.float64
    assert wide(torch.ones(1, device="meta")).dtype == torch.float64
