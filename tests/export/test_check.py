import math

import pytest
import torch
from torch import nn

from lampas.errors import ArtifactError, InputError
from lampas.export.check import (
    TOLERANCES,
    cases_of,
    compared,
    difference,
    tolerance_of,
)
from lampas.export.portable import Portable, portable_of


@pytest.fixture
def of(own):
    """A function of (layer, x) as what is exported."""

    def make(function, **more) -> Portable:
        net = own(function)
        return Portable(net, net, (torch.randn(2, 4),), names=("x",), **more).copied()

    return make


def running(function):
    return lambda call: [function(call[0][0])]


def test_sizes_are_those_that_others_may_have(of):
    cases = cases_of(of(lambda layer, x: layer(x)))
    assert [case.sizes["batch"] for case in cases] == [3, 1, 7]
    assert [len(case.outputs["output"]) for case in cases] == [3, 1, 7]


def test_what_is_alike_passes_with_its_largest_difference(of):
    portable = of(lambda layer, x: 10 * x)
    cases = cases_of(portable)
    largest = max(float(case.outputs["output"].abs().max()) for case in cases)
    apart = compared(portable, cases, running(lambda x: 10 * x + 1e-5), 1e-4)
    assert 0 < apart <= 1e-5 / 0.1 + 1e-6
    assert apart >= 1e-5 / largest * 0.9


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (lambda x: x + 1, "the file's output for a batch of 3 differs from the model's by "),
        (lambda x: x.double(), "the file's output for a batch of 3 is (3, 4) float64, and the "
         "model's is (3, 4) float32"),
        (lambda x: x[:, :3], "the file's output for a batch of 3 is (3, 3) float32, and the "),
        (lambda x: torch.where(x == x, torch.nan, x), "differs from the model's by inf, and "),
    ],
)  # fmt: skip
def test_what_differs_is_refused(of, said, line):
    portable = of(lambda layer, x: x)
    with pytest.raises(ArtifactError) as caught:
        compared(portable, cases_of(portable), running(said), 1e-4)
    assert line in str(caught.value)


def test_a_net_of_chance_is_called_one(of):
    portable = of(lambda layer, x: x + torch.rand(4))
    with pytest.raises(ArtifactError, match="the net itself answers otherwise when asked again"):
        compared(portable, cases_of(portable), running(lambda x: x), 1e-4)


def test_a_known_unit_is_asked_for(of):
    """An offset of a million must not hide a difference of what the numbers change by."""
    portable = of(lambda layer, x: x.double() + 1e6)
    cases = cases_of(portable)
    worse = running(lambda x: x.double() + 1e6 + 0.01)
    assert compared(portable, cases, worse, 1e-4) < 1e-7
    known = of(lambda layer, x: x.double() + 1e6, unit=torch.tensor(1.0))
    with pytest.raises(ArtifactError, match=r"by 0\.01, and 0\.0001 is allowed"):
        compared(known, cases_of(known), worse, 1e-4)


def test_rounding_is_no_difference(of):
    known = of(lambda layer, x: x + 1e6, unit=torch.tensor(1.0))
    run = running(lambda x: torch.nextafter(x + 1e6, torch.tensor(torch.inf)))
    assert compared(known, cases_of(known), run, 1e-4) < 1e-4


def test_nan_is_like_nan_alone():
    nan, one = torch.tensor([torch.nan]), torch.tensor([1.0])
    assert difference(nan, nan) == 0.0
    assert difference(nan, one) == difference(one, nan) == math.inf
    assert difference(one * torch.inf, one * torch.inf) == 0.0
    assert difference(one * torch.inf, -one * torch.inf) == math.inf
    assert difference(torch.ones(0), torch.ones(0)) == 0.0
    assert difference(torch.tensor([True]), torch.tensor([False])) == 1.0


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_the_least_exact_dtype_decides(dtype):
    portable = portable_of(nn.Linear(2, 1).to(dtype), [torch.ones(1, 2, dtype=dtype)], {})
    assert tolerance_of(portable, {"output": torch.ones(1).double()}) == TOLERANCES[dtype]


def test_a_net_that_cannot_read_the_example_is_told_with_it():
    with pytest.raises(InputError) as caught:
        cases_of(portable_of(nn.Linear(3, 1), [torch.ones(1, 2)], {}))
    assert str(caught.value) == (
        "Linear cannot read input (3, 2) float32: mat1 and mat2 shapes cannot be multiplied "
        "(3x2 and 3x1)"
    )
