import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lampas.losses.probe import broadcasts


@pytest.mark.parametrize(
    "loss",
    [
        lambda p, t: (p - t).square().mean(),
        lambda p, t: (t - p).abs().mean(),
        F.mse_loss,
        lambda p, t: F.mse_loss(target=t, input=p),
        nn.SmoothL1Loss(),
        lambda p, t: -(p.sigmoid().log() * t).mean(),
        lambda p, t: torch.sub(p, t).pow(2).mean(),
        lambda p, t: (p / t).mean(),
    ],
)
@pytest.mark.parametrize("flipped", [False, True])
def test_a_broadcast_is_seen(loss, flipped):
    y_pred, y_true = torch.rand(4, 1, requires_grad=True), torch.rand(4)
    if flipped:
        y_pred, y_true = y_true.requires_grad_(), y_pred.detach()
    assert broadcasts(loss, y_pred, y_true)


@pytest.mark.parametrize(
    "loss",
    [
        lambda p, t: F.mse_loss(p.squeeze(1), t),
        lambda p, t: F.mse_loss(p, t.unsqueeze(1)),
        lambda p, t: F.binary_cross_entropy_with_logits(p.view(-1), t),
        lambda p, t: (p[:, 0] - t).mean(),
        lambda p, t: (p.mean() - t.mean()) ** 2,
        # all pairs, on purpose
        lambda p, t: F.relu(1 - (p - p.squeeze(1)) * (t[:, None] - t).sign()).mean(),
        lambda p, t: p[t.long()].mean(),
    ],
)
def test_a_loss_that_knows_its_shapes_is_left_alone(loss):
    assert not broadcasts(loss, torch.rand(4, 1, requires_grad=True), torch.rand(4))


def test_the_random_state_the_module_and_the_outputs_are_left_as_they_were():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, p, t):
            self.calls += 1
            return (F.dropout(p) - t).mean()

    loss, y_pred = Counting(), torch.rand(4, 1, requires_grad=True)
    before = torch.get_rng_state()
    assert broadcasts(loss, y_pred, torch.rand(4).detach()) is True
    torch.set_rng_state(before)
    broadcasts(loss, y_pred, torch.zeros(4))
    assert torch.equal(torch.get_rng_state(), before)
    assert loss.calls.item() == 0
    assert y_pred.grad is None


def test_a_loss_that_raises_gives_no_answer():
    def broken(p, t):
        raise RuntimeError("no")

    assert not broadcasts(broken, torch.rand(4, 1), torch.rand(4))
