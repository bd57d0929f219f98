import pytest
import torch
from torch import nn

from lampas import losses
from lampas.errors import DtypeError
from lampas.losses import check


def said(loss, y_pred, y_true):
    with pytest.raises(DtypeError) as error:
        check(loss, y_pred, y_true)
    return str(error.value)


@pytest.mark.parametrize(
    ("loss", "y_true", "message"),
    [
        (
            nn.BCEWithLogitsLoss(),
            torch.ones(4, 3, dtype=torch.int64),
            "BCEWithLogitsLoss reads float targets, but they are torch.int64: "
            "pass y.float() (NumPy: y.astype('float32'))",
        ),
        (
            nn.MSELoss(),
            torch.ones(4, 3, dtype=torch.bool),
            "MSELoss reads float targets, but they are torch.bool: "
            "pass y.float() (NumPy: y.astype('float32'))",
        ),
        (
            nn.BCELoss(),
            torch.ones(4, 3, dtype=torch.int32),
            "BCELoss reads float targets, but they are torch.int32: "
            "pass y.float() (NumPy: y.astype('float32'))",
        ),
        (
            nn.HuberLoss(),
            torch.ones(4, 3, dtype=torch.float64),
            "HuberLoss reads targets of the output's dtype, torch.float32, but they are "
            "torch.float64: pass y.float() (NumPy: y.astype('float32'))",
        ),
        (
            nn.SoftMarginLoss(),
            torch.ones(4, 3, dtype=torch.bool),
            "SoftMarginLoss reads numbers as targets, but they are torch.bool: "
            "pass y.float() (NumPy: y.astype('float32'))",
        ),
        (
            nn.CrossEntropyLoss(),
            torch.ones(4),
            "CrossEntropyLoss reads class indices as torch.int64, but the targets are "
            "torch.float32: pass y.long() (NumPy: y.astype('int64'))",
        ),
        (
            nn.NLLLoss(),
            torch.ones(4, dtype=torch.int32),
            "NLLLoss reads class indices as torch.int64, but the targets are torch.int32: "
            "pass y.long() (NumPy: y.astype('int64'))",
        ),
        (
            losses.FocalLoss(),
            torch.tensor([0.0, 1.5, 2.0, 0.0]),
            "FocalLoss reads class indices as torch.int64, but the targets are torch.float32: "
            "they are not whole, so use a loss for numbers such as MSELoss",
        ),
        (
            nn.CrossEntropyLoss(),
            torch.eye(4, 3, dtype=torch.int64),
            "CrossEntropyLoss reads class indices (N,), or probabilities in the shape of the "
            "outputs as floats, but the targets are (4, 3) torch.int64: pass y.argmax(1) for "
            "one-hot rows, or y.float() (NumPy: y.astype('float32'))",
        ),
    ],
)
def test_targets(loss, y_true, message):
    assert said(loss, torch.rand(4, 3), y_true) == message


def test_the_fix_names_the_dtype_of_double_nets():
    y_pred = torch.rand(4, 3, dtype=torch.float64)
    assert said(nn.MSELoss(), y_pred, torch.ones(4, 3).long()) == (
        "MSELoss reads float targets, but they are torch.int64: pass y.to(torch.float64)"
    )


def test_outputs_that_cannot_be_differentiated():
    assert said(nn.CrossEntropyLoss(), torch.ones(4, 3).long(), torch.zeros(4).long()) == (
        "the model returns torch.int64: CrossEntropyLoss needs floating-point outputs that can "
        "be differentiated, so no argmax and no threshold before it"
    )


@pytest.mark.parametrize(
    ("loss", "y_true"),
    [
        (nn.CrossEntropyLoss(), torch.ones(4, dtype=torch.uint8)),
        (nn.CrossEntropyLoss(), torch.rand(4, 3).softmax(1)),
        (nn.MSELoss(), torch.ones(4, 3, dtype=torch.float64)),
        (nn.PoissonNLLLoss(), torch.ones(4, 3, dtype=torch.int64)),
        (nn.SoftMarginLoss(), torch.ones(4, 3, dtype=torch.int64)),
    ],
)
def test_what_torch_computes_right_passes(loss, y_true):
    y_pred = torch.randn(4, 3, requires_grad=True)
    check(loss, y_pred, y_true)
    loss(y_pred, y_true).backward()
    assert y_pred.grad.isfinite().all()
