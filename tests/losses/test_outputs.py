import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas import losses
from lampas.errors import InputError
from lampas.losses import check
from lampas.losses.outputs import head_of

NAN, INF = float("nan"), float("inf")
CE, BCE, LOGITS = nn.CrossEntropyLoss(), nn.BCELoss(), nn.BCEWithLogitsLoss()
FEW = torch.zeros(4, dtype=torch.long)


def said(loss, y_pred, y_true, kind=InputError):
    with pytest.raises(kind) as error:
        check(loss, y_pred, y_true)
    return str(error.value)


def leaf(*shape):
    return torch.randn(*shape, requires_grad=True)


def test_logits_into_bce():
    y_pred = torch.tensor([0.2, 1.7, -3.0])
    assert said(BCE, y_pred, torch.zeros(3)) == (
        "BCELoss reads probabilities, but the model returns 1.7 in row 1 of the batch: use "
        "BCEWithLogitsLoss, or end the net with a sigmoid"
    )
    check(BCE, torch.tensor([0.0, 1.0, 0.5]), torch.zeros(3))


@pytest.mark.parametrize(
    ("loss", "squash", "message"),
    [
        (
            LOGITS,
            torch.sigmoid,
            "BCEWithLogitsLoss reads logits, but the net ends with a sigmoid: remove it, or use "
            "BCELoss",
        ),
        (
            losses.BinaryFocalLoss(),
            lambda z: z.softmax(1),
            "BinaryFocalLoss reads logits, but the net ends with a softmax: remove it",
        ),
        (
            LOGITS,
            lambda z: z.log_softmax(1),
            "BCEWithLogitsLoss reads logits, but the net ends with a log_softmax: remove it, or "
            "use BCELoss",
        ),
    ],
)
def test_the_graph_shows_what_squashed_the_outputs_of_a_yes_no_loss(loss, squash, message):
    assert said(loss, squash(leaf(4, 3)), torch.zeros(4, 3)) == message


def test_the_graph_shows_what_squashed_class_scores():
    fix = "remove it, or make it a log_softmax and use NLLLoss"
    one = torch.zeros(1, dtype=torch.long)
    assert said(CE, leaf(1, 3).softmax(1), one) == (
        f"CrossEntropyLoss reads logits, but the net ends with a softmax: {fix}"
    )
    assert said(CE, nn.Sigmoid()(leaf(4, 3)), FEW) == (
        f"CrossEntropyLoss reads logits, but the net ends with a sigmoid: {fix}"
    )
    check(CE, leaf(4, 3).log_softmax(1), FEW)  # cross-entropy of it is the same number
    check(nn.MultiMarginLoss(), leaf(4, 3).softmax(1), FEW)


@pytest.mark.parametrize(
    "reshape",
    [
        lambda p: p.squeeze(1),
        lambda p: p[:, 0],
        lambda p: p.view(-1),
        lambda p: p.flatten(),
        lambda p: p.double().T.contiguous().reshape(4),
        lambda p: p.unsqueeze(0).permute(2, 1, 0).reshape(-1),
    ],
)
def test_the_graph_is_read_through_reshapes(reshape):
    assert head_of(reshape(leaf(4, 1).sigmoid())) == "sigmoid"


def test_no_head_where_something_follows_or_there_is_no_graph():
    assert head_of(leaf(4, 1).sigmoid() * 3) is None
    assert head_of(leaf(4, 1)) is None
    with torch.no_grad():
        assert head_of(leaf(4, 1).sigmoid()) is None


def test_numbers_between_0_and_1_are_no_evidence_against_a_yes_no_loss():
    check(LOGITS, torch.full((64, 1), 0.4), torch.zeros(64, 1))


def test_probabilities_show_by_their_sums_in_cross_entropy():
    assert said(CE, torch.randn(4, 3).softmax(1), FEW) == (
        "CrossEntropyLoss reads logits, but the model returns probabilities (rows from 0 to 1 "
        "that sum to 1): remove the softmax, or make it a log_softmax and use NLLLoss"
    )
    assert "returns probabilities" in said(
        losses.FocalLoss(), torch.randn(2, 3, 5).softmax(1), torch.zeros(2, 5).long()
    )
    check(CE, torch.tensor([[0.25, 0.75]]), FEW[:1])  # one row may do so by chance


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 8), classes=st.integers(2, 9), scale=st.sampled_from([0.01, 1.0, 30.0]))
def test_logits_and_log_probabilities_are_never_refused(n, classes, scale):
    z, y = torch.randn(n, classes) * scale, torch.zeros(n, dtype=torch.long)
    check(CE, z, y)
    check(losses.FocalLoss(), z, y)
    check(nn.NLLLoss(), z.log_softmax(1), y)
    check(nn.NLLLoss(), z.log_softmax(1).bfloat16().float(), y)
    check(LOGITS, z, torch.zeros(n, classes))


@pytest.mark.parametrize(
    ("y_pred", "seen"),
    [
        (
            torch.tensor([[-1.0, -1.0], [0.5, 2.5]]),
            "but the model returns 0.5 in row 1 of the batch",
        ),
        (torch.tensor([[0.5, 0.5], [0.9, 0.1]]), "but the model returns probabilities"),
        (
            torch.tensor([[-0.6931, -0.6931], [-3.0, -3.0]]),
            "but the exponentials in row 1 of the batch sum to 0.09957, not to 1",
        ),
    ],
)
def test_what_nll_cannot_read(y_pred, seen):
    assert said(nn.NLLLoss(), y_pred, FEW[:2]) == (
        f"NLLLoss reads log-probabilities, {seen}: use CrossEntropyLoss, or end the net with "
        "log_softmax"
    )


def test_what_the_divergence_cannot_read():
    q = torch.rand(4, 3).softmax(1)
    loss = nn.KLDivLoss(reduction="batchmean")
    assert said(loss, torch.rand(4, 3).softmax(1), q) == (
        "KLDivLoss reads log-probabilities, but the model returns probabilities: end the net "
        "with log_softmax"
    )
    check(loss, torch.rand(4, 3).log_softmax(0), q)  # over the rows: a distribution too


def test_rates_below_zero():
    assert said(nn.PoissonNLLLoss(log_input=False), torch.tensor([1.0, -2.0]), torch.ones(2)) == (
        "PoissonNLLLoss(log_input=False) reads rates, but the model returns -2 in row 1 of the "
        "batch: end the net with softplus, or pass log_input=True"
    )
    check(nn.PoissonNLLLoss(), torch.tensor([1.0, -2.0]), torch.ones(2))


@pytest.mark.parametrize(("loss", "value"), [(nn.MSELoss(), NAN), (LOGITS, -INF), (BCE, NAN)])
def test_outputs_that_are_not_finite_pass_because_their_loss_says_it(loss, value):
    check(loss, torch.tensor([[0.5], [value]]), torch.zeros(2, 1))


def test_a_masked_class_is_minus_infinity_and_passes():
    check(CE, torch.tensor([[1.0, -INF, 0.0], [0.5, 0.5, -INF]]), FEW[:2])
