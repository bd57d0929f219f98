import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas import losses
from lampas.errors import InputError, ShapeError
from lampas.losses import check
from lampas.losses.kinds import READS

CE = nn.CrossEntropyLoss()


def said(loss, y_pred, y_true, kind=ShapeError):
    with pytest.raises(kind) as error:
        check(loss, y_pred, y_true)
    return str(error.value)


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "message"),
    [
        (
            nn.MSELoss(),
            (32, 1),
            (32,),
            "the model returns (32, 1) but the targets are (32,): MSELoss would compare them as "
            "(32, 32). Reshape the targets with y.reshape(-1, 1), or squeeze the output",
        ),
        (
            nn.L1Loss(),
            (32,),
            (32, 1),
            "the model returns (32,) but the targets are (32, 1): L1Loss would compare them as "
            "(32, 32). Reshape the targets with y.reshape(-1), or unsqueeze the output",
        ),
        (
            F.mse_loss,
            (32, 1),
            (32,),
            "the model returns (32, 1) but the targets are (32,): mse_loss would compare them as "
            "(32, 32). Reshape the targets with y.reshape(-1, 1), or squeeze the output",
        ),
        (
            nn.BCEWithLogitsLoss(),
            (32, 1),
            (32,),
            "the model returns (32, 1) but the targets are (32,): BCEWithLogitsLoss compares "
            "element by element. Reshape the targets with y.reshape(-1, 1), or squeeze the output",
        ),
        (
            nn.HuberLoss(),
            (8, 3),
            (8, 1),
            "the model returns (8, 3) but the targets are (8, 1): HuberLoss would compare them "
            "as (8, 3). For one target a sample the net must end with 1 unit, not 3",
        ),
        (
            nn.SmoothL1Loss(),
            (8, 3),
            (8, 2),
            "the model returns (8, 3) but the targets are (8, 2): SmoothL1Loss compares element "
            "by element. Make the two shapes equal",
        ),
        (
            nn.MSELoss(),
            (16, 1),
            (32, 1),
            "the model returns 16 rows, (16, 1), for 32 targets, (32, 1): it must return one row "
            "for each",
        ),
        (
            losses.GHMCLoss(),
            (8, 5, 1),
            (8, 5),
            "the model returns (8, 5, 1) but the targets are (8, 5): GHMCLoss compares element "
            "by element. Reshape the targets with y.reshape(-1, 5, 1), or squeeze the output",
        ),
    ],
)
def test_elementwise_losses(loss, outputs, targets, message):
    assert said(loss, torch.rand(outputs), torch.rand(targets)) == message


@settings(max_examples=20, deadline=None)
@given(
    base=st.sampled_from([b for b, r in READS.items() if r.elementwise]),
    n=st.integers(2, 9),
    flipped=st.booleans(),
)
def test_no_elementwise_loss_broadcasts_a_column_against_a_row(base, n, flipped):
    shapes = [(n, 1), (n,)]
    y_pred, y_true = (torch.rand(shape) for shape in (shapes[::-1] if flipped else shapes))
    assert "y.reshape(-1" in said(base(), y_pred, y_true)


def test_class_indices_into_a_yes_no_loss():
    assert said(nn.BCEWithLogitsLoss(), torch.randn(8, 3), torch.zeros(8).long()) == (
        "the model returns (8, 3) but the targets are (8,): BCEWithLogitsLoss compares element "
        "by element. For class indices use CrossEntropyLoss"
    )


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "message"),
    [
        (
            CE,
            (8, 3),
            (8, 1),
            "CrossEntropyLoss reads class indices of shape (8,) for outputs (8, 3), but the "
            "targets are (8, 1): pass y.squeeze(1)",
        ),
        (
            nn.NLLLoss(),
            (8, 3),
            (8, 3),
            "NLLLoss reads class indices of shape (8,) for outputs (8, 3), but the targets are "
            "(8, 3): one-hot targets become indices with y.argmax(1)",
        ),
        (
            CE,
            (8, 7, 3),
            (8, 7),
            "CrossEntropyLoss reads class indices of shape (8, 3) for outputs (8, 7, 3), but the "
            "targets are (8, 7): classes belong in dimension 1, so return output.movedim(-1, 1)",
        ),
        (
            F.cross_entropy,
            (8, 3),
            (8, 2),
            "cross_entropy reads class indices of shape (8,) for outputs (8, 3), but the targets "
            "are (8, 2): pass one index for each row of scores",
        ),
        (
            CE,
            (8, 1),
            (8,),
            "CrossEntropyLoss reads one score a class, (N, C), but the model returns (8, 1): for "
            "yes/no targets use BCEWithLogitsLoss, otherwise end the net with one unit a class",
        ),
        (
            losses.FocalLoss(),
            (8,),
            (8,),
            "FocalLoss reads one score a class, (N, C), but the model returns (8,): for yes/no "
            "targets use BCEWithLogitsLoss, otherwise end the net with one unit a class",
        ),
        (
            CE,
            (6, 3),
            (8,),
            "the model returns 6 rows, (6, 3), for 8 targets, (8,): it must return one row for "
            "each",
        ),
    ],
)
def test_class_losses(loss, outputs, targets, message):
    y_pred = torch.randn(outputs)
    assert said(loss, y_pred, torch.zeros(targets, dtype=torch.long)) == message


def test_what_is_no_tensor():
    pair = (torch.zeros(3), torch.zeros(3))
    fix = (
        "give each output its own loss with a dict or list of losses, or pass a function "
        "(y_pred, y_true)"
    )
    assert said(CE, pair, torch.zeros(3)) == (
        f"CrossEntropyLoss reads one tensor, but the model returns a tuple: {fix}"
    )
    assert said(CE, torch.zeros(3, 2), {"a": 1}) == (
        f"CrossEntropyLoss reads one tensor, but the targets are a dict: {fix}"
    )
    assert said(CE, torch.zeros(3, 2), None, InputError) == (
        "CrossEntropyLoss compares outputs with targets, and there are none: pass y"
    )
