import inspect

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lampas.errors import InputError, UnknownNameError
from lampas.losses import LOSSES, BinaryFocalLoss, FocalLoss, GHMCLoss, check, resolve, task_of
from lampas.losses.kinds import READS, recognise

N, C = 6, 3


def outputs(scale, shape):
    raw = torch.randn(shape, requires_grad=True)
    squash = {
        "values": lambda z: z * 1.0,
        "logits": lambda z: z * 1.0,
        "probabilities": torch.sigmoid,
        "log_probabilities": lambda z: z.log_softmax(1),
    }
    return raw, squash[scale](raw)


def targets(kind):
    draw = {
        "numbers": lambda: torch.randn(N, C),
        "counts": lambda: torch.randint(0, 5, (N, C)).float(),
        "zero_one": lambda: torch.randint(0, 2, (N, C)).float(),
        "signs": lambda: torch.randint(0, 2, (N, C)).float() * 2 - 1,
        "shares": lambda: torch.rand(N, C).softmax(1),
        "classes": lambda: torch.randint(0, C, (N,)),
        "label_lists": lambda: torch.tensor([[0, -1, -1]] * N),
    }
    return draw[kind]()


@pytest.mark.parametrize("name", LOSSES)
def test_every_string_computes_and_trains(name):
    torch.manual_seed(0)
    loss = resolve(name)
    reads = recognise(loss).reads
    raw, y_pred = outputs(reads.scale, (N, C))
    if name == "poisson":
        y_pred = F.softplus(raw)
    y_true = targets(reads.targets)
    check(loss, y_pred, y_true)
    value = loss(y_pred, y_true)
    value.backward()
    assert value.ndim == 0
    assert value.isfinite()
    assert raw.grad.isfinite().all()
    assert raw.grad.abs().sum() > 0
    assert resolve(name) is not loss


FUNCTION_OF = {
    nn.L1Loss: F.l1_loss,
    nn.MSELoss: F.mse_loss,
    nn.HuberLoss: F.huber_loss,
    nn.SmoothL1Loss: F.smooth_l1_loss,
    nn.PoissonNLLLoss: F.poisson_nll_loss,
    nn.BCELoss: F.binary_cross_entropy,
    nn.BCEWithLogitsLoss: F.binary_cross_entropy_with_logits,
    nn.MultiLabelSoftMarginLoss: F.multilabel_soft_margin_loss,
    nn.CrossEntropyLoss: F.cross_entropy,
    nn.NLLLoss: F.nll_loss,
    nn.MultiMarginLoss: F.multi_margin_loss,
    nn.KLDivLoss: lambda p, t: F.kl_div(p, t, reduction="batchmean"),
    nn.MultiLabelMarginLoss: F.multilabel_margin_loss,
    nn.SoftMarginLoss: F.soft_margin_loss,
    nn.HingeEmbeddingLoss: F.hinge_embedding_loss,
}


@pytest.mark.parametrize("base", FUNCTION_OF, ids=lambda base: base.__name__)
def test_the_name_of_torchs_class_its_object_and_its_function_agree(base):
    reads = READS[base]
    _, y_pred = outputs(reads.scale, (N, C))
    y_true = targets(reads.targets)
    function = FUNCTION_OF[base]
    by_name, thing = resolve(base.__name__), base()
    assert resolve(thing) is thing
    assert resolve(function) is function
    assert type(by_name) is base
    assert torch.equal(by_name(y_pred, y_true), function(y_pred, y_true))


def test_every_loss_of_torch_with_two_inputs_has_a_name_and_every_other_an_answer():
    for name in torch.nn.modules.loss.__all__:
        if name == "NLLLoss2d":  # deprecated by torch
            continue
        arguments = list(inspect.signature(getattr(nn, name).forward).parameters)[1:]
        needs_more = len(arguments) != 2 or name == "LinearCrossEntropyLoss"
        if needs_more:
            with pytest.raises(InputError, match=": write "):
                resolve(name)
        else:
            assert type(resolve(name)).__name__ == name


def test_what_is_written_for_the_others_works():
    a, b, c = torch.randn(3, 5, 4, requires_grad=True).unbind()
    one, variance, y = a[:, 0], b[:, 0].exp(), torch.tensor([1.0, -1, 1, 1, -1])
    log_p = torch.randn(7, 2, 4).log_softmax(2)
    labels, ins, outs = torch.tensor([[1, 2], [3, 1]]), torch.tensor([7, 7]), torch.tensor([2, 2])
    cases = {
        "GaussianNLLLoss": ((one, variance), y),
        "cosine_embedding": ((a, b), y),
        "margin_ranking": ((a[:, 0], b[:, 0]), y),
        "triplet_margin": ((a, b, c), y),
        "triplet_margin_with_distance": ((a, b, c), y),
        "ctc": ((log_p, ins), (labels, outs)),
    }
    for name, (y_pred, y_true) in cases.items():
        with pytest.raises(InputError) as error:
            resolve(name)
        written = eval(str(error.value).split("write ")[1], {"F": F})
        check(written, y_pred, y_true)
        assert task_of(written) is None
        assert written(y_pred, y_true).isfinite()


@pytest.mark.parametrize(
    "name", ["BCE-Logits", "bcelogits", "BCEWithLogitsLoss", "bce_logits_loss"]
)
def test_case_dashes_and_a_final_loss_do_not_matter(name):
    assert type(resolve(name)) is nn.BCEWithLogitsLoss


def test_ours_by_name():
    assert type(resolve("focal")) is FocalLoss
    assert type(resolve("BinaryFocalLoss")) is BinaryFocalLoss
    assert type(resolve("ghm-c")) is GHMCLoss


def test_the_string_for_the_divergence_is_the_mathematical_one():
    p, q = torch.rand(4, 3).softmax(1), torch.rand(4, 3).softmax(1)
    want = (q * (q / p).log()).sum(1).mean()
    assert torch.allclose(resolve("kl_div")(p.log(), q), want)


class Mine:
    def __call__(self, y_pred, y_true):
        return (y_pred - y_true).mean()


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        (
            nn.BCELoss,
            InputError,
            "loss is the class BCELoss, not an object: write nn.BCELoss()",
        ),
        (FocalLoss, InputError, "loss is the class FocalLoss, not an object: write FocalLoss()"),
        (Mine, InputError, "loss is the class Mine, not an object: write Mine()"),
        (
            3,
            InputError,
            "loss is of type int: pass a torch loss such as nn.MSELoss(), a name like 'mse', or a "
            "function (y_pred, y_true) that returns a tensor",
        ),
        (
            "ctc",
            InputError,
            "the loss 'ctc' needs the lengths: write lambda y_pred, y_true: "
            "F.ctc_loss(y_pred[0], y_true[0], y_pred[1], y_true[1])",
        ),
    ],
)
def test_bad_input_is_one_line(spec, kind, message):
    with pytest.raises(kind) as error:
        resolve(spec)
    assert str(error.value) == message


def test_an_unknown_string_is_answered_with_the_nearest_and_all():
    with pytest.raises(UnknownNameError) as error:
        resolve("crossentrpy")
    assert str(error.value) == (
        "unknown loss 'crossentrpy': did you mean 'crossentropy' or 'cross_entropy'? Valid: "
        + ", ".join(sorted(LOSSES))
    )


def test_a_callable_object_is_itself():
    mine = Mine()
    assert resolve(mine) is mine
