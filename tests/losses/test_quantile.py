import numpy as np
import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError, ShapeError
from lampas.losses import QuantileLoss, resolve


def test_it_is_the_formula():
    draw = torch.Generator().manual_seed(0)
    q = torch.randn(5, 4, 3, generator=draw, dtype=torch.float64)
    y = torch.randn(5, 4, generator=draw, dtype=torch.float64)
    levels = (0.05, 0.5, 0.8)
    hand = np.zeros((5, 4))
    for place in np.ndindex(5, 4):
        for number, level in enumerate(levels):
            over = float(y[place] - q[place][number])
            hand[place] += (level * over if over > 0 else (level - 1) * over) / 3
    for reduction, want in (("none", hand), ("sum", hand.sum()), ("mean", hand.mean())):
        got = QuantileLoss(levels, reduction)(q, y)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)


def test_the_median_is_half_the_absolute_error():
    q, y = torch.randn(9), torch.randn(9)
    assert torch.allclose(QuantileLoss((0.5,))(q, y), nn.L1Loss()(q, y) / 2)


def test_a_model_learns_the_quantiles():
    torch.manual_seed(0)
    y = torch.rand(2000, 1)
    net = nn.Linear(1, 3)
    model = lampas.Model(nn.Sequential(net, nn.Unflatten(1, (1, 3))))
    model.compile(torch.optim.Adam(model.parameters(), lr=0.03), QuantileLoss((0.1, 0.5, 0.9)))
    model.fit(torch.zeros(2000, 1), y, batch_size=200, epochs=40, verbose=0)
    assert torch.allclose(net.bias.detach(), torch.tensor([0.1, 0.5, 0.9]), atol=0.05)
    weighted = model.evaluate(torch.zeros(2000, 1), y, sample_weight=torch.ones(2000))
    assert weighted["loss"] == pytest.approx(model.evaluate(torch.zeros(2000, 1), y)["loss"])


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: QuantileLoss((0.0, 0.5)), InputError,
            "quantiles are (0.0, 0.5): they must rise, between 0 and 1",
        ),
        (lambda: QuantileLoss(()), InputError, "quantiles are (): they must rise, between 0 and 1"),
        (
            lambda: QuantileLoss()(torch.zeros(4, 2), torch.zeros(4)), ShapeError,
            "QuantileLoss reads 3 quantiles a target: outputs (4, 3) for targets (4,), not (4, 2)",
        ),
        (
            lambda: resolve("pinball"), InputError,
            "the loss 'pinball' needs the quantiles: write "
            "lampas.losses.QuantileLoss((0.1, 0.5, 0.9))",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(make, kind, message):
    with pytest.raises(kind) as error:
        make()
    assert str(error.value) == message
