import functools

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from lampas.errors import InputError, ShapeError
from lampas.metrics import Mean, Whole


def bias(y_pred, y_true):
    return (y_pred - y_true).mean()


def _run(metric):
    metric.update(torch.zeros(3), torch.zeros(3))
    return metric.compute()


RESULTS = [0.25, 1, True, np.float32(0.25), np.array([0.25]), torch.tensor(0.25)]
RESULTS += [torch.tensor([[0.25]]), torch.tensor(3)]
WRONG = [
    (None, "None"),
    ("0.5", "a str"),
    (torch.zeros(3), "a Tensor of shape (3,)"),
    (np.zeros(2), "a ndarray of shape (2,)"),
    ((0.5, 0.5), "a tuple"),
]


@pytest.mark.parametrize("make", [Whole, Mean])
@pytest.mark.parametrize("result", RESULTS)
def test_any_kind_of_one_number_is_taken(make, result):
    metric = make(lambda y_pred, y_true: result, "mine")
    metric.update(torch.zeros(3), torch.zeros(3))
    metric.update(torch.zeros(2), torch.zeros(2))
    assert metric.compute().item() == float(np.asarray(result).item())
    assert metric.compute().ndim == 0


@pytest.mark.parametrize("make", [Whole, Mean])
@pytest.mark.parametrize(("result", "got"), WRONG)
def test_anything_else_names_the_metric(make, result, got):
    metric = make(lambda y_pred, y_true: result, "mine")
    with pytest.raises(InputError) as told:
        _run(metric)
    assert str(told.value) == f"metric 'mine' must give one number, got {got}"


def test_whole_calls_once_with_all_rows_and_is_right_for_any_score():
    torch.manual_seed(0)
    scores, truth = torch.rand(40), torch.randint(0, 2, (40,))
    calls = []

    def area(y_pred, y_true):
        calls.append((y_pred.device.type, len(y_pred), y_pred.requires_grad))
        return sk.roc_auc_score(y_true, y_pred)

    metric = Whole(area)
    for rows in torch.arange(40).split(7):
        metric.update(scores[rows].requires_grad_(), truth[rows])
    assert metric.compute().item() == pytest.approx(sk.roc_auc_score(truth, scores))
    assert calls == [("cpu", 40, False)]


def test_whole_of_several_outputs():
    metric = Whole(lambda y_pred, y_true: (y_pred["a"][0] * y_true["n"]).sum(), "dot")
    for start in (0, 2):
        rows = torch.arange(start, start + 2.0)
        metric.update({"a": (rows, rows), "b": rows.reshape(2, 1)}, {"n": rows})
    assert metric.compute().item() == 0 + 1 + 4 + 9


def test_whole_tells_padded_sequences_of_mean():
    metric = Whole(bias)
    metric.update(torch.zeros(2, 5), torch.zeros(2, 5))
    with pytest.raises(ShapeError) as told:
        metric.update(torch.zeros(2, 4), torch.zeros(2, 4))
    assert str(told.value) == (
        "metric 'bias' cannot join rows of output of shapes (5,) and (4,), from two batches: "
        "lampas.metrics.Mean(bias) averages batch by batch instead"
    )
    Mean(bias).update(torch.zeros(2, 4), torch.zeros(2, 4))


def test_mean_weighs_batches_by_their_rows():
    torch.manual_seed(1)
    y_pred, y_true = torch.randn(2, 9, 3)
    metric = Mean(bias)
    for rows in torch.arange(9).split(4):
        metric.update(y_pred[rows], y_true[rows])
    torch.testing.assert_close(metric.compute().float(), bias(y_pred, y_true))


def test_mean_counts_the_rows_of_the_first_tensor_of_a_nest():
    metric = Mean(lambda y_pred, y_true: y_pred["x"].mean(), "mine")
    metric.update({"loss": torch.tensor(9.0), "x": torch.zeros(3)}, torch.zeros(3))
    metric.update({"loss": torch.tensor(9.0), "x": torch.ones(1)}, torch.zeros(1))
    assert metric.compute().item() == 0.25
    with pytest.raises(ShapeError) as told:
        metric.update({"loss": torch.tensor(9.0)}, torch.zeros(1))
    assert str(told.value) == "metric 'mine' finds no tensor with rows in the output"


def test_who_must_see_single_batches_and_who_is_shown_midway():
    assert (Mean.per_batch, Mean.running) == (True, True)
    assert (Whole.per_batch, Whole.running) == (False, False)


@pytest.mark.parametrize("make", [Whole, Mean])
def test_names(make):
    assert make(bias).name == "bias"
    assert make(functools.partial(bias)).name == "bias"
    assert make(bias, "other").name == "other"


@pytest.mark.parametrize("make", [Whole, Mean])
@pytest.mark.parametrize(("fn", "got"), [(Whole, "the class Whole"), (3, "a int")])
def test_only_functions(make, fn, got):
    with pytest.raises(InputError) as told:
        make(fn, "mine")
    assert str(told.value) == (
        f"a metric function takes (y_pred, y_true), got {got}: pass the function itself"
    )
