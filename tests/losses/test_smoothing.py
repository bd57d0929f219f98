import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas.errors import InputError
from lampas.losses import SmoothedBCEWithLogitsLoss


@settings(max_examples=20, deadline=None)
@given(z=st.floats(-8, 8), y=st.sampled_from([0.0, 0.4, 1.0]), s=st.floats(0, 1))
def test_is_the_formula(z, y, s):
    p, smooth = 1 / (1 + math.exp(-z)), y * (1 - s) + s / 2
    want = -(3.0 * smooth * math.log(p) + (1 - smooth) * math.log(1 - p))
    loss = SmoothedBCEWithLogitsLoss(s, pos_weight=torch.tensor(3.0, dtype=torch.float64))
    got = loss(torch.tensor([z], dtype=torch.float64), torch.tensor([y], dtype=torch.float64))
    assert got.item() == pytest.approx(want, rel=1e-9)


def test_agrees_with_torchs_own_smoothing_of_two_classes():
    z, y = torch.randn(30), torch.randint(0, 2, (30,))
    theirs = nn.CrossEntropyLoss(label_smoothing=0.1)(torch.stack([torch.zeros(30), z], 1), y)
    assert torch.allclose(SmoothedBCEWithLogitsLoss(0.1)(z, y.float()), theirs, atol=1e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_without_smoothing_it_is_torchs(reduction):
    z, y, weight = torch.randn(6, 2), torch.rand(6, 2), torch.rand(6, 1)
    ours = SmoothedBCEWithLogitsLoss(0.0, weight, reduction=reduction)
    theirs = nn.BCEWithLogitsLoss(weight, reduction=reduction)
    assert torch.allclose(ours(z, y), theirs(z, y))


def test_gradients_are_those_of_finite_differences():
    z = torch.randn(5, dtype=torch.float64, requires_grad=True)
    y = torch.rand(5, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: SmoothedBCEWithLogitsLoss(0.3)(z, y), z)


def test_weights_are_buffers():
    loss = SmoothedBCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))
    assert list(loss.state_dict()) == ["pos_weight"]


def test_smoothing_out_of_range():
    with pytest.raises(InputError) as error:
        SmoothedBCEWithLogitsLoss(1.5)
    assert str(error.value) == "label_smoothing is 1.5: it must lie in [0, 1]"
