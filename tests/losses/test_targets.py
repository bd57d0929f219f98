import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas import losses
from lampas.errors import DataError
from lampas.losses import check, targets
from lampas.losses.kinds import recognise

NAN, INF = float("nan"), float("inf")


def column(*values):
    return torch.tensor(values).reshape(-1, 1)


@pytest.mark.parametrize(
    ("loss", "y_true", "message"),
    [
        (
            nn.MSELoss(),
            column(0.0, 1.0, NAN),
            "the target in row 2 of the batch is nan: drop such rows, or fill the gaps",
        ),
        (
            losses.GHMCLoss(),
            column(0.0, INF, NAN),
            "the target in row 1 of the batch is inf: drop such rows, or fill the gaps",
        ),
        (
            nn.BCEWithLogitsLoss(),
            column(1.0, -1.0, 1.0),
            "BCEWithLogitsLoss reads targets from 0 to 1, but the target in row 1 of the batch "
            "is -1: labels -1 and 1 become those with (y + 1) / 2",
        ),
        (
            nn.BCEWithLogitsLoss(),
            column(0.0, 1.0, 2.0),
            "BCEWithLogitsLoss reads targets from 0 to 1, but the target in row 2 of the batch "
            "is 2: for class indices use CrossEntropyLoss",
        ),
        (
            losses.BinaryFocalLoss(),
            column(0.0, 25.5, 2.0),
            "BinaryFocalLoss reads targets from 0 to 1, but the target in row 1 of the batch is "
            "25.5: scale them",
        ),
        (
            nn.SoftMarginLoss(),
            column(1.0, 0.0, 1.0),
            "SoftMarginLoss reads targets -1 or 1, but the target in row 1 of the batch is 0: "
            "labels 0 and 1 become those with 2 * y - 1",
        ),
        (
            nn.PoissonNLLLoss(),
            column(3.0, 0.0, -2.0),
            "PoissonNLLLoss reads counts, 0 or more, but the target in row 2 of the batch is -2: "
            "for numbers of both signs use MSELoss",
        ),
    ],
)
def test_values_that_a_loss_misreads(loss, y_true, message):
    with pytest.raises(DataError) as error:
        check(loss, torch.full((3, 1), -0.5), y_true)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("loss", "y_true", "message"),
    [
        (
            nn.CrossEntropyLoss(),
            [0, 3, 1],
            "the target in row 1 of the batch is 3, but the model returns 3 classes: valid for "
            "CrossEntropyLoss are 0 to 2, or -100 to be ignored",
        ),
        (
            nn.CrossEntropyLoss(ignore_index=9),
            [9, 0, -1],
            "the target in row 2 of the batch is -1, but the model returns 3 classes: valid for "
            "CrossEntropyLoss are 0 to 2, or 9 to be ignored",
        ),
        (
            nn.MultiMarginLoss(),
            [0, -100, 1],
            "the target in row 1 of the batch is -100, but the model returns 3 classes: valid "
            "for MultiMarginLoss are 0 to 2",
        ),
        (
            nn.MultiLabelMarginLoss(),
            [[0, -1, -1], [0, 1, 2], [3, -1, -1]],
            "the target in row 2 of the batch is 3, but the model returns 3 classes: valid for "
            "MultiLabelMarginLoss are 0 to 2, or -1 to be ignored",
        ),
    ],
)
def test_class_indices_outside_the_classes(loss, y_true, message):
    with pytest.raises(DataError) as error:
        check(loss, torch.randn(3, 3), torch.tensor(y_true))
    assert str(error.value) == message


@settings(max_examples=20, deadline=None)
@given(bad=st.integers(-9, 12), row=st.integers(0, 3), place=st.integers(0, 4))
def test_the_row_is_named_in_maps_of_classes(bad, row, place):
    y_true = torch.zeros(4, 5, dtype=torch.long)
    y_true[row, place] = bad
    if 0 <= bad < 3:
        check(nn.CrossEntropyLoss(), torch.randn(4, 3, 5), y_true)
        return
    with pytest.raises(DataError, match=f"the target in row {row} of the batch is {bad}, but"):
        check(nn.CrossEntropyLoss(), torch.randn(4, 3, 5), y_true)


def test_log_probabilities_as_targets_of_the_divergence():
    log_p = torch.randn(4, 3).log_softmax(1)
    log_q = torch.randn(4, 3).log_softmax(1)
    with pytest.raises(DataError) as error:
        check(nn.KLDivLoss(reduction="batchmean"), log_p, log_q.clamp(max=-0.5))
    assert str(error.value).endswith("for log-probabilities there pass log_target=True")
    log_q[0, 0] = -INF
    check(nn.KLDivLoss(reduction="batchmean", log_target=True), log_p, log_q)


def test_ignored_and_soft_targets_pass():
    check(nn.CrossEntropyLoss(), torch.randn(3, 2), torch.tensor([0, -100, 1]))
    check(nn.BCEWithLogitsLoss(), torch.randn(3), torch.tensor([0.0, 0.3, 1.0]))
    check(nn.HingeEmbeddingLoss(), torch.randn(3), torch.tensor([1, -1, 1]))


READERS = [
    nn.MSELoss(), nn.PoissonNLLLoss(), nn.BCEWithLogitsLoss(), nn.KLDivLoss(),
    nn.KLDivLoss(log_target=True), nn.SoftMarginLoss(), nn.CrossEntropyLoss(),
    nn.CrossEntropyLoss(ignore_index=2), nn.MultiLabelMarginLoss(),
]  # fmt: skip
VALUES = st.lists(st.sampled_from([-100, -1, -0.5, 0, 0.5, 1, 2, 3, NAN, INF, -INF]), min_size=1)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(READERS), VALUES, st.booleans())
def test_law_the_least_and_the_largest_refuse_what_all_do(loss, values, whole):
    """The short way out of the checks changes no answer."""
    y_true = torch.tensor(values, dtype=torch.float32).reshape(-1, 1).expand(-1, 3)
    y_true = y_true.nan_to_num(7).long() if whole else y_true
    known, y_pred = recognise(loss), torch.zeros(len(values), 3)
    if whole and known.base is nn.CrossEntropyLoss:
        y_true = y_true[:, 0]
    said = []
    for short in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not short:
                patch.setattr(targets, "_are_within", lambda *_: False)
            try:
                targets.check_targets(known, y_pred, y_true)
                said.append(None)
            except DataError as error:
                said.append(str(error))
    assert said[0] == said[1]


@pytest.mark.parametrize("dtype", [torch.uint16, torch.int32, torch.uint8, torch.bfloat16])
def test_targets_of_any_dtype_are_looked_at(dtype):
    check(nn.PoissonNLLLoss(), torch.zeros(2, 1), torch.ones(2, 1).to(dtype))
