import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lampas import losses
from lampas.errors import DataError, DtypeError, InputError, ShapeError
from lampas.losses import check

COLUMN, ROW = torch.zeros(32, 1), torch.zeros(32)


def squared(y_pred, y_true):
    return (y_pred - y_true).square().mean()


class Squared(nn.Module):
    def forward(self, y_pred, y_true):
        return squared(y_pred, y_true)


class OneHotCrossEntropy(nn.CrossEntropyLoss):
    def forward(self, y_pred, y_true):
        return super().forward(y_pred.log(), y_true.argmax(1))


@pytest.mark.parametrize(
    ("loss", "name"),
    [(squared, "squared"), (Squared(), "Squared"), (lambda p, t: squared(t, p), "the loss")],
)
def test_a_function_that_broadcasts_by_mistake(loss, name):
    with pytest.raises(ShapeError) as error:
        check(loss, COLUMN, ROW)
    assert str(error.value) == (
        f"the model returns (32, 1) but the targets are (32,): {name} would compare them as "
        "(32, 32). Reshape the targets with y.reshape(-1, 1), or squeeze the output"
    )


def test_a_function_whose_rows_do_not_match():
    with pytest.raises(ShapeError) as error:
        check(squared, torch.zeros(16, 1), COLUMN)
    assert str(error.value) == (
        "the model returns 16 rows, (16, 1), for 32 targets, (32, 1): it must return one row "
        "for each"
    )


def test_functions_are_free_in_everything_else():
    check(lambda p, t: F.mse_loss(p.squeeze(1), t), COLUMN, ROW)
    check(lambda p, t: p.sum(), torch.zeros(7, 2, 4), torch.zeros(2, 3))  # time first
    check(lambda p, t: p.sum(), torch.zeros(64, 8), torch.zeros(32).long())  # two views
    check(lambda p, t: p[0].sum(), (COLUMN, COLUMN), ROW)
    check(lambda p, t: p.sum(), COLUMN, None)
    check(squared, torch.full((4,), torch.nan), torch.full((4,), torch.nan))


def test_a_subclass_with_a_forward_of_its_own_is_a_function():
    check(OneHotCrossEntropy(), torch.rand(4, 3).softmax(1), torch.eye(4, 3).long())


def test_losses_of_torch_with_more_inputs_are_functions():
    pair = (torch.rand(4, 3), torch.rand(4, 3))
    check(nn.TripletMarginLoss(), pair, torch.rand(4, 3))


def test_shapes_come_before_dtypes_and_dtypes_before_values():
    bad = torch.full((4, 1), 9)
    with pytest.raises(ShapeError):
        check(nn.BCELoss(), torch.rand(4), bad)
    with pytest.raises(DtypeError):
        check(nn.BCELoss(), torch.rand(4, 1) + 3, bad)
    with pytest.raises(DataError):
        check(nn.BCELoss(), torch.rand(4, 1) + 3, bad.float())
    with pytest.raises(InputError):
        check(nn.BCELoss(), torch.rand(4, 1) + 3, bad.float() / 9)


def test_an_empty_batch_passes():
    check(nn.CrossEntropyLoss(), torch.zeros(0, 3), torch.zeros(0, dtype=torch.long))
    check(nn.MSELoss(), torch.zeros(0, 3), torch.zeros(0, 3))


def test_one_line_each():
    for loss, y_pred, y_true in (
        (nn.MSELoss(), COLUMN, ROW),
        (nn.CrossEntropyLoss(), torch.zeros(4, 3), torch.zeros(4)),
        (nn.CrossEntropyLoss(), torch.zeros(4, 3), torch.full((4,), 3)),
        (nn.BCELoss(), torch.full((4,), 2.0), torch.zeros(4)),
    ):
        with pytest.raises(InputError) as error:
            check(loss, y_pred, y_true)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "loss",
    [
        losses.FocalLoss([1.0, 2.0, 3.0], ignore_index=1),
        losses.BinaryFocalLoss(),
        losses.GHMCLoss(momentum=0.5),
        losses.SmoothedBCEWithLogitsLoss(pos_weight=torch.ones(3)),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_our_losses_never_look_at_a_number(loss):
    """Tensors without storage raise where anything would wait for the device."""
    for reduction in ("mean", "sum", "none"):
        mine = copy.deepcopy(loss).to("meta")
        mine.reduction = reduction
        y_pred = torch.zeros(4, 3, device="meta", requires_grad=True)
        y_true = torch.zeros(4, 3, device="meta")
        if isinstance(loss, losses.FocalLoss):
            y_true = y_true[:, 0].long()
        mine(y_pred, y_true).sum().backward()
        assert y_pred.grad.shape == (4, 3)


def test_our_penalties_never_look_at_a_number():
    net = nn.Linear(3, 2, device="meta")
    (losses.L1(1.0)(net) + losses.L2(1.0)(net)).backward()
    assert net.weight.grad is not None
