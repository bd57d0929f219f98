import copy
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas.errors import InputError, ShapeError, UnknownNameError
from lampas.losses import BinaryFocalLoss, FocalLoss

few = settings(max_examples=20, deadline=None)


def binary_by_hand(z, y, alpha, gamma):
    """Equation 5 of the paper, one element at a time, for hard labels."""
    out = np.empty(z.shape)
    for place in np.ndindex(z.shape):
        p = 1 / (1 + math.exp(-z[place]))
        p_t = p if y[place] == 1 else 1 - p
        a_t = 1.0 if alpha is None else (alpha if y[place] == 1 else 1 - alpha)
        out[place] = -a_t * (1 - p_t) ** gamma * math.log(p_t)
    return out


def classes_by_hand(z, y, alpha, gamma, ignore_index):
    """One row of scores at a time; ignored rows are 0."""
    out = np.zeros(len(z))
    for row, (scores, label) in enumerate(zip(z, y, strict=True)):
        if label != ignore_index:
            shares = np.exp(scores - scores.max())
            p = shares[label] / shares.sum()
            out[row] = -(1 if alpha is None else alpha[label]) * (1 - p) ** gamma * math.log(p)
    return out


@few
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    alpha=st.sampled_from([None, 0.0, 0.25, 1.0]),
    gamma=st.sampled_from([0.0, 0.5, 2.0, 3.7]),
    seed=st.integers(0, 99),
)
def test_binary_is_the_formula(shape, alpha, gamma, seed):
    g = torch.Generator().manual_seed(seed)
    z = torch.randn(shape, generator=g, dtype=torch.float64) * 3
    y = torch.randint(0, 2, shape, generator=g).double()
    hand = binary_by_hand(z.numpy(), y.numpy(), alpha, gamma)
    for reduction, want in (("none", hand), ("sum", hand.sum()), ("mean", hand.mean())):
        got = BinaryFocalLoss(alpha, gamma, reduction)(z, y)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-9, atol=1e-12)


@few
@given(
    n=st.integers(1, 6),
    classes=st.integers(2, 5),
    weighted=st.booleans(),
    gamma=st.sampled_from([0.0, 0.5, 2.0]),
    seed=st.integers(0, 99),
)
def test_multiclass_is_the_formula(n, classes, weighted, gamma, seed):
    g = torch.Generator().manual_seed(seed)
    z = torch.randn(n, classes, generator=g, dtype=torch.float64) * 3
    y = torch.randint(0, classes, (n,), generator=g)
    y[torch.rand(n, generator=g) < 0.3] = -1
    y[0] = 0
    alpha = torch.arange(1.0, classes + 1) if weighted else None
    hand = classes_by_hand(
        z.numpy(), y.numpy(), None if alpha is None else alpha.numpy(), gamma, -1
    )
    kept = int((y != -1).sum())
    for reduction, want in (("none", hand), ("sum", hand.sum()), ("mean", hand.sum() / kept)):
        got = FocalLoss(alpha, gamma, ignore_index=-1, reduction=reduction)(z, y)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-9, atol=1e-12)


@few
@given(
    rest=st.lists(st.integers(1, 3), max_size=2),
    reduction=st.sampled_from(["mean", "sum", "none"]),
)
def test_gamma_zero_is_cross_entropy_of_any_shape(rest, reduction):
    z, y = torch.randn(4, 3, *rest), torch.randint(0, 3, (4, *rest))
    y.flatten()[0] = -100
    ours = FocalLoss(gamma=0.0, reduction=reduction)(z, y)
    assert torch.allclose(ours, nn.CrossEntropyLoss(reduction=reduction)(z, y), atol=1e-6)


def test_gamma_zero_is_binary_cross_entropy_for_soft_labels_too():
    z, y = torch.randn(50) * 5, torch.rand(50)
    ours = BinaryFocalLoss(alpha=None, gamma=0.0)(z, y)
    assert torch.allclose(ours, F.binary_cross_entropy_with_logits(z, y), atol=1e-6)


def test_alpha_with_gamma_zero_is_a_weighted_sum():
    z, y, alpha = torch.randn(20, 3), torch.randint(0, 3, (20,)), torch.tensor([1.0, 2.0, 0.5])
    ours = FocalLoss(alpha, gamma=0.0, reduction="sum")(z, y)
    assert torch.allclose(ours, F.cross_entropy(z, y, weight=alpha, reduction="sum"))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_gradients_are_those_of_finite_differences(gamma):
    z = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0, 1, 2, -100, 1])
    assert torch.autograd.gradcheck(lambda z: FocalLoss(gamma=gamma)(z, y), z)
    t = torch.rand(5, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: BinaryFocalLoss(gamma=gamma)(z, t), z)


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 2.0])
def test_certain_outputs_have_finite_losses_and_gradients(gamma):
    z = torch.tensor([[200.0, -200.0], [-200.0, 200.0], [0.0, 0.0]], requires_grad=True)
    FocalLoss(gamma=gamma)(z, torch.zeros(3, dtype=torch.long)).backward()
    assert z.grad.isfinite().all()
    assert z.grad[1].abs().sum() > 0.1  # certain and wrong: still pushed
    w = torch.tensor([200.0, -200.0], requires_grad=True)
    BinaryFocalLoss(gamma=gamma)(w, torch.ones(2)).backward()
    assert w.grad.isfinite().all()
    assert w.grad[1] < -0.01


def test_an_ignored_row_gives_no_gradient_even_where_its_scores_are_masked():
    z = torch.tensor([[-torch.inf, 1.0], [0.3, 0.1]], requires_grad=True)
    FocalLoss()(z, torch.tensor([-100, 1])).backward()
    assert torch.equal(z.grad[0], torch.zeros(2))
    assert z.grad[1].isfinite().all()


def test_all_ignored_is_nan_as_in_torch():
    z, y = torch.randn(2, 3), torch.full((2,), -100)
    assert FocalLoss()(z, y).isnan()
    assert nn.CrossEntropyLoss()(z, y).isnan()


def test_alpha_is_a_buffer_and_a_shallow_copy_takes_another_reduction():
    loss = FocalLoss([1.0, 2.0])
    assert loss.state_dict()["alpha"].tolist() == [1.0, 2.0]
    twin = copy.copy(loss)
    twin.reduction = "none"
    z, y = torch.randn(4, 2), torch.tensor([0, 1, 1, 0])
    assert twin(z, y).shape == (4,)
    assert torch.allclose(twin(z, y).mean(), loss(z, y))
    assert twin.alpha is loss.alpha


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: FocalLoss(gamma=-1.0),
            InputError,
            "gamma is -1.0: it must be 0 (plain cross-entropy) or more",
        ),
        (
            lambda: BinaryFocalLoss(alpha=2.0),
            InputError,
            "alpha is 2.0: it must lie in [0, 1], or be None",
        ),
        (
            lambda: BinaryFocalLoss(reduction="avg"),
            UnknownNameError,
            "unknown reduction 'avg'. Valid: mean, none, sum",
        ),
        (
            lambda: BinaryFocalLoss()(torch.zeros(4, 1), torch.zeros(4)),
            ShapeError,
            "BinaryFocalLoss compares element by element: outputs (4, 1), targets (4,)",
        ),
        (
            lambda: FocalLoss()(torch.zeros(4, 3), torch.zeros(4, 1).long()),
            ShapeError,
            "FocalLoss reads scores (N, C, ...) and class indices (N, ...): outputs (4, 3), "
            "targets (4, 1)",
        ),
        (
            lambda: FocalLoss([1.0, 2.0])(torch.zeros(4, 3), torch.zeros(4).long()),
            ShapeError,
            "alpha of FocalLoss has shape (2,): the model returns 3 classes, so it must be (3,)",
        ),
    ],
)
def test_bad_input_is_one_line(make, kind, message):
    with pytest.raises(kind) as error:
        make()
    assert str(error.value) == message
