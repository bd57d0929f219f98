import copy
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.errors import InputError, ShapeError
from lampas.losses import GHMCLoss


def lengths(z, y):
    return [abs(1 / (1 + math.exp(-a)) - b) for a, b in zip(z, y, strict=True)]


def entropy(z, y):
    p = 1 / (1 + math.exp(-z))
    return -(y * math.log(p) + (1 - y) * math.log(1 - p))


def shares_by_hand(z, y, bins):
    counts = [0] * bins
    for g in lengths(z, y):
        counts[min(int(g * bins), bins - 1)] += 1
    return [count / len(z) for count in counts]


def loss_by_hand(z, y, shares):
    bins, used = len(shares), sum(share > 0 for share in shares)
    found = []
    for a, b, g in zip(z, y, lengths(z, y), strict=True):
        found.append(entropy(a, b) / (shares[min(int(g * bins), bins - 1)] * used))
    return found


def data(n, seed):
    g = torch.Generator().manual_seed(seed)
    z = torch.randn(n, generator=g, dtype=torch.float64) * 3
    return z, torch.randint(0, 2, (n,), generator=g).double()


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 40), bins=st.integers(1, 12), seed=st.integers(0, 99))
def test_is_the_formula(n, bins, seed):
    z, y = data(n, seed)
    hand = np.array(
        loss_by_hand(z.tolist(), y.tolist(), shares_by_hand(z.tolist(), y.tolist(), bins))
    )
    for reduction, want in (("none", hand), ("sum", hand.sum()), ("mean", hand.mean())):
        got = GHMCLoss(bins, reduction=reduction)(z, y)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)


@settings(max_examples=10, deadline=None)
@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_the_weights_of_a_batch_average_to_one(shape):
    z, y = torch.randn(shape) * 4, torch.rand(shape)
    weights = GHMCLoss(reduction="none")(z, y) / F.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    )
    assert weights.mean().item() == pytest.approx(1.0, abs=1e-4)


def test_one_bin_is_cross_entropy():
    z, y = data(30, 0)
    assert torch.allclose(GHMCLoss(1)(z, y), F.binary_cross_entropy_with_logits(z, y))


def test_the_gradient_takes_the_weights_as_constants():
    z, y = data(12, 3)
    z.requires_grad_()
    GHMCLoss(reduction="sum")(z, y).backward()
    used = np.array(shares_by_hand(z.tolist(), y.tolist(), 10))
    beta = np.array(loss_by_hand(z.tolist(), y.tolist(), list(used)))
    beta /= np.array([entropy(a, b) for a, b in zip(z.tolist(), y.tolist(), strict=True)])
    slope = (z.detach().sigmoid() - y).numpy()
    np.testing.assert_allclose(z.grad.numpy(), beta * slope, rtol=1e-5)


def test_momentum_is_the_corrected_running_mean_of_the_shares():
    loss, running = GHMCLoss(4, momentum=0.7, reduction="none"), [0.0] * 4
    for step in range(1, 4):
        z, y = data(20, step)
        new = shares_by_hand(z.tolist(), y.tolist(), 4)
        running = [0.7 * old + 0.3 * share for old, share in zip(running, new, strict=True)]
        want = loss_by_hand(z.tolist(), y.tolist(), [share / (1 - 0.7**step) for share in running])
        np.testing.assert_allclose(loss(z.requires_grad_(), y).detach().numpy(), want, rtol=1e-5)


def test_evaluation_leaves_the_memory_alone_and_does_not_depend_on_batches():
    loss = GHMCLoss(4, momentum=0.5, reduction="sum")
    z, y = data(64, 1)
    loss(z.clone().requires_grad_(), y)
    memory = copy.deepcopy(loss.state_dict())
    with torch.no_grad():
        whole = loss(z, y)
        parts = sum(loss(z[i : i + 7], y[i : i + 7]) for i in range(0, 64, 7))
    loss.eval()
    loss(z.clone().requires_grad_(), y)
    assert torch.allclose(whole, parts)
    assert all(torch.equal(memory[name], tensor) for name, tensor in loss.state_dict().items())


def test_evaluation_gives_a_bin_that_training_left_no_say():
    loss = GHMCLoss(2, momentum=0.5, reduction="none")
    easy = torch.full((8,), 3.0, requires_grad=True)
    for z in (-easy.detach().requires_grad_(), *[easy] * 40):  # hard once, easy ever since
        loss(z, torch.ones(8))
    with torch.no_grad():
        got = loss(torch.tensor([-3.0]), torch.ones(1))
    assert got.item() == pytest.approx(entropy(-3.0, 1.0), rel=1e-5)


def test_before_the_first_step_evaluation_reads_the_batch():
    z, y = data(16, 2)
    with torch.no_grad():
        assert torch.equal(GHMCLoss(momentum=0.9)(z, y), GHMCLoss()(z, y))


def test_the_memory_is_shared_with_a_shallow_copy():
    loss = GHMCLoss(4, momentum=0.5)
    twin = copy.copy(loss)
    twin.reduction = "none"
    z, y = data(16, 2)
    assert twin(z.requires_grad_(), y).shape == (16,)
    assert loss.steps.item() == 1.0
    assert loss.shares.sum().item() == pytest.approx(0.5)


def test_nan_outputs_give_nan_and_no_index_error():
    assert GHMCLoss()(torch.tensor([float("nan"), 1.0]), torch.ones(2)).isnan()


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: GHMCLoss(0), InputError, "bins is 0: it must be 1 or more"),
        (lambda: GHMCLoss(momentum=1.0), InputError, "momentum is 1.0: it must lie in [0, 1)"),
        (
            lambda: GHMCLoss()(torch.zeros(4, 1), torch.zeros(4)),
            ShapeError,
            "GHMCLoss compares element by element: outputs (4, 1), targets (4,)",
        ),
    ],
)
def test_bad_input_is_one_line(make, kind, message):
    with pytest.raises(kind) as error:
        make()
    assert str(error.value) == message
