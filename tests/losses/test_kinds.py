from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lampas import losses
from lampas.losses import task_of
from lampas.losses.kinds import READS, SHOW_GAPS, recognise
from lampas.task import Task

REGRESSION = Task("regression", "values")
LOGITS = Task("binary", "logits")


class MyCrossEntropy(nn.CrossEntropyLoss):
    def forward(self, y_pred, y_true):
        return 2 * super().forward(y_pred, y_true)


class CallableWithoutHash:
    __hash__ = None

    def __call__(self, y_pred, y_true):
        return y_pred.sum()


@pytest.mark.parametrize(
    ("loss", "task"),
    [
        (nn.MSELoss(), REGRESSION),
        (nn.L1Loss(), REGRESSION),
        (nn.HuberLoss(), REGRESSION),
        (nn.SmoothL1Loss(), REGRESSION),
        (F.mse_loss, REGRESSION),
        (partial(F.huber_loss, delta=2.0), REGRESSION),
        (nn.PoissonNLLLoss(log_input=False), REGRESSION),
        (partial(F.poisson_nll_loss, log_input=False), REGRESSION),
        (nn.PoissonNLLLoss(), None),
        (F.poisson_nll_loss, None),
        (nn.BCELoss(), Task("binary", "probabilities")),
        (F.binary_cross_entropy, Task("binary", "probabilities")),
        (nn.BCEWithLogitsLoss(), LOGITS),
        (F.binary_cross_entropy_with_logits, LOGITS),
        (nn.MultiLabelSoftMarginLoss(), LOGITS),
        (losses.BinaryFocalLoss(), LOGITS),
        (losses.GHMCLoss(), LOGITS),
        (losses.SmoothedBCEWithLogitsLoss(), LOGITS),
        (nn.CrossEntropyLoss(), Task("multiclass", "logits", -100)),
        (nn.CrossEntropyLoss(ignore_index=0), Task("multiclass", "logits", 0)),
        (F.cross_entropy, Task("multiclass", "logits", -100)),
        (partial(F.cross_entropy, ignore_index=3), Task("multiclass", "logits", 3)),
        (MyCrossEntropy(ignore_index=2), Task("multiclass", "logits", 2)),
        (losses.FocalLoss(ignore_index=5), Task("multiclass", "logits", 5)),
        (nn.NLLLoss(), Task("multiclass", "log_probabilities", -100)),
        (nn.KLDivLoss(reduction="batchmean"), Task("multiclass", "log_probabilities")),
        (nn.MultiMarginLoss(), Task("multiclass", "logits")),
        (nn.MultiLabelMarginLoss(), None),
        (nn.SoftMarginLoss(), None),
        (nn.HingeEmbeddingLoss(), None),
        (nn.CosineEmbeddingLoss(), None),
        (lambda y_pred, y_true: y_pred.sum(), None),
        (CallableWithoutHash(), None),
        (None, None),
    ],
)
def test_what_a_loss_says_of_outputs(loss, task):
    assert task_of(loss) == task


def test_a_subclass_with_a_forward_of_its_own_is_known_but_not_plain():
    assert recognise(MyCrossEntropy()).plain is False
    assert recognise(nn.CrossEntropyLoss()).plain is True


def test_every_loss_of_the_table_of_names_is_described():
    for name in losses.LOSSES:
        assert type(losses.resolve(name)) in READS


TARGETS = {
    "numbers": torch.ones(4, 3),
    "counts": torch.ones(4, 3),
    "zero_one": torch.ones(4, 3),
    "signs": torch.ones(4, 3),
    "shares": torch.full((4, 3), 1 / 3),
    "classes": torch.tensor([0, 1, 2, 0]),
    "label_lists": torch.tensor([[0, -1, -1]] * 4),
}


def _gaps(tensor):
    """The tensor with each kind of gap in each of its columns."""
    for place in range(3):
        for gap in (torch.nan, torch.inf, -torch.inf):
            found = tensor.clone()
            found[1, place] = gap
            yield found


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("kind", SHOW_GAPS)
@pytest.mark.parametrize("level", [0.5, -0.5])
@pytest.mark.parametrize("wanted", [0.0, 1.0])
def test_a_gap_in_any_output_or_target_shows_in_the_loss(kind, level, wanted):
    outputs, targets = torch.full((4, 3), level), torch.full((4, 3), wanted)
    for given in _gaps(outputs):
        assert not kind()(given, targets).isfinite()
    for given in _gaps(targets):
        assert not kind()(outputs, given).isfinite()


@pytest.mark.parametrize("kind", [kind for kind in READS if kind not in SHOW_GAPS])
def test_other_losses_hide_some_or_raise(kind):
    outputs, targets = torch.full((4, 3), 0.5), TARGETS[READS[kind].targets]
    pairs = [(given, targets) for given in _gaps(outputs)]
    if targets.is_floating_point():
        pairs += [(outputs, given) for given in _gaps(targets)]
    hidden = False
    for given in pairs:
        try:
            hidden |= bool(kind()(*given).isfinite())
        except RuntimeError:  # of BCELoss, which looks
            hidden = True
    assert hidden
