import pytest
import torch
from torch import nn

from lampas.errors import UnknownNameError
from lampas.losses.reduction import checked_reduction, reduce


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_reduces_as_torch_does(reduction):
    each = torch.rand(3, 4)
    theirs = nn.L1Loss(reduction=reduction)(each, torch.zeros(3, 4))
    assert torch.equal(reduce(each, reduction), theirs)


def test_the_mean_is_over_what_is_kept_and_nan_over_nothing():
    each = torch.tensor([2.0, 0.0, 4.0])
    assert reduce(each, "mean", torch.tensor([True, False, True])).item() == 3.0
    assert reduce(each * 0, "mean", torch.zeros(3, dtype=torch.bool)).isnan()


def test_an_unknown_reduction_is_answered_with_the_valid_ones():
    with pytest.raises(UnknownNameError) as error:
        checked_reduction("means")
    assert str(error.value) == (
        "unknown reduction 'means': did you mean 'mean'? Valid: mean, none, sum"
    )
