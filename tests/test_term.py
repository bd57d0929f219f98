from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from lampas.criterion import make_criterion
from lampas.data.batch import Batch
from lampas.errors import DtypeError, ShapeError
from lampas.losses import FocalLoss

WEIGHTS = torch.tensor([0.5, 1.0, 4.0])


def _batch(y: Any, weight: torch.Tensor | None = None) -> Batch:
    first = next(iter(y.values())) if isinstance(y, dict) else y
    return Batch(torch.zeros(len(first), 1), y, weight, len(first))


def _one(loss: Any, y_pred: Any, y: Any, weight: Any = None) -> tuple[torch.Tensor, float]:
    total, values, counts = make_criterion(loss)(y_pred, _batch(y, weight))
    assert torch.equal(total, values[0])
    return total, float(counts[0])


@settings(deadline=None, max_examples=40)
@given(
    n=st.integers(1, 7),
    places=st.sampled_from([(), (3,), (2, 2)]),
    reduction=st.sampled_from(["mean", "sum"]),
    class_weight=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 999),
)
def test_cross_entropy_is_torchs_with_the_denominator_it_divides_by(
    n: int, places: Any, reduction: str, class_weight: bool, smoothing: float, seed: int
) -> None:
    torch.manual_seed(seed)
    scores, y = torch.randn(n, 3, *places), torch.randint(3, (n, *places))
    y = torch.where(torch.rand(y.shape) < 0.3, -100, y)
    y.reshape(-1)[0] = 1
    weight = WEIGHTS if class_weight else None
    loss = nn.CrossEntropyLoss(weight=weight, reduction=reduction, label_smoothing=smoothing)
    value, count = _one(loss, scores, y)
    torch.testing.assert_close(value, loss(scores, y))
    kept = y[y != -100]
    wanted = WEIGHTS[kept].sum().item() if class_weight and reduction == "mean" else len(kept)
    assert count == pytest.approx(wanted)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(6,), (6, 2), (6, 2, 3)])
def test_a_regression_counts_samples(shape: Any, reduction: str) -> None:
    torch.manual_seed(0)
    y_pred, y = torch.randn(shape), torch.randn(shape)
    value, count = _one(nn.MSELoss(reduction=reduction), y_pred, y)
    each = (y_pred - y).square()
    torch.testing.assert_close(value, each.sum() if reduction == "sum" else each.mean())
    assert count == 6
    weight = torch.rand(6)
    value, count = _one(nn.MSELoss(reduction=reduction), y_pred, y, weight)
    rows = each.reshape(6, -1)
    total = (rows.sum(1) if reduction == "sum" else rows.mean(1)) @ weight
    torch.testing.assert_close(value, total if reduction == "sum" else total / weight.sum())
    assert count == pytest.approx(weight.sum().item())


def test_batchmean_is_a_mean_of_sums() -> None:
    torch.manual_seed(0)
    y_pred, y = torch.randn(5, 3).log_softmax(1), torch.rand(5, 3).softmax(1)
    loss = nn.KLDivLoss(reduction="batchmean")
    value, count = _one(loss, y_pred, y)
    torch.testing.assert_close(value, loss(y_pred, y))
    weighted, weights = _one(loss, y_pred, y, torch.full((5,), 2.0))
    torch.testing.assert_close(weighted, value)
    assert (count, weights) == (5, 10.0)


def test_classes_given_as_probabilities_count_samples() -> None:
    y_pred, y = torch.randn(4, 3), torch.rand(4, 3).softmax(1)
    loss = nn.CrossEntropyLoss(weight=WEIGHTS)
    value, count = _one(loss, y_pred, y)
    torch.testing.assert_close(value, loss(y_pred, y))
    assert count == 4


def test_nothing_to_count_is_a_loss_of_zero_with_a_gradient() -> None:
    scores = torch.randn(4, 3, requires_grad=True)
    y = torch.full((4,), -100)
    for loss in (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(weight=WEIGHTS), FocalLoss()):
        value, count = _one(loss, scores, y)
        assert (value.item(), count) == (0.0, 0.0)
        (gradient,) = torch.autograd.grad(value, scores)
        assert torch.equal(gradient, torch.zeros(4, 3))
    value, count = _one(nn.MSELoss(), torch.ones(2), torch.zeros(2), torch.zeros(2))
    assert (value.item(), count) == (0.0, 0.0)


class Dice(nn.Module):
    """A loss of somebody's, with an `ignore_index` and a mean of its own."""

    def __init__(self, reduction: str | None = None) -> None:
        super().__init__()
        self.ignore_index = 0
        if reduction:
            self.reduction = reduction

    def forward(self, y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(y_pred, y_true, ignore_index=0)


class Doubled(nn.CrossEntropyLoss):
    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:  # noqa: A002
        return 2 * F.cross_entropy(input, target)


@pytest.mark.parametrize("loss", [Dice(), Dice("mean"), Doubled()])
def test_a_module_that_nobody_knows_is_believed_what_it_returns(loss: nn.Module) -> None:
    scores, y = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    value, count = _one(loss, scores, y)
    torch.testing.assert_close(value, loss(scores, y))
    assert count == 6


def test_a_function_may_return_a_loss_for_each_sample() -> None:
    def each(y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
        return (y_pred - y_true).abs().sum(1)

    y_pred, y, weight = torch.randn(5, 2), torch.randn(5, 2), torch.rand(5)
    torch.testing.assert_close(_one(each, y_pred, y)[0], each(y_pred, y).mean())
    wanted = each(y_pred, y) @ weight / weight.sum()
    torch.testing.assert_close(_one(each, y_pred, y, weight)[0], wanted)


def test_a_function_of_torch_is_counted_as_its_module_is() -> None:
    scores, y = torch.randn(4, 3), torch.tensor([0, -100, 2, 1])
    value, count = _one(F.cross_entropy, scores, y)
    torch.testing.assert_close(value, F.cross_entropy(scores, y))
    assert count == 3


def test_losses_that_cannot_be_weighted() -> None:
    line = (
        "sample_weight and class_weight need the loss of each sample, but loss returns shape (): "
        "make it return one value a sample"
    )
    with pytest.raises(ShapeError) as caught:
        _one(lambda p, t: (p - t).abs().mean(), torch.ones(3), torch.ones(3), torch.ones(3))
    assert str(caught.value) == line


def test_a_loss_that_is_no_tensor() -> None:
    line = "loss returned a float: a loss returns a tensor, from which gradients can be computed"
    for weight in (None, torch.ones(3)):
        with pytest.raises(DtypeError) as caught:
            _one(lambda p, t: float((p - t).abs().mean()), torch.ones(3), torch.ones(3), weight)
        assert str(caught.value) == line
