from fractions import Fraction

import pytest
import torch
import torchmetrics.functional.regression as tm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lampas.errors import InputError, ShapeError
from lampas.metrics import MAE, MAPE, MSE, R2, RMSE, SMAPE

modest = settings(max_examples=25, deadline=None)


def _value(metric, y_pred, y_true, batch: int = 5) -> float:
    for part_pred, part_true in zip(y_pred.split(batch), y_true.split(batch), strict=True):
        metric.update(part_pred, part_true)
    return metric.compute().item()


THEIRS = [
    (MAE, sk.mean_absolute_error, tm.mean_absolute_error),
    (MSE, sk.mean_squared_error, tm.mean_squared_error),
    (RMSE, sk.root_mean_squared_error, lambda p, t: tm.mean_squared_error(p, t, squared=False)),
    (MAPE, sk.mean_absolute_percentage_error, tm.mean_absolute_percentage_error),
    (R2, sk.r2_score, tm.r2_score),
]


@pytest.mark.parametrize(("make", "theirs", "others"), THEIRS)
@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(2, 40))
def test_agrees_with_others(make, theirs, others, seed: int, rows: int):
    torch.manual_seed(seed)
    truth = torch.rand(rows).double() + 0.5
    truth[:2] = torch.tensor([0.5, 1.5])  # torchmetrics takes a small spread for none
    y_pred = truth + torch.randn(rows)
    ours = _value(make(), y_pred, truth)
    assert ours == pytest.approx(theirs(truth, y_pred))
    assert ours == pytest.approx(others(y_pred, truth).item(), rel=1e-5)


@modest
@given(seed=st.integers(0, 10_000), rows=st.integers(2, 40))
def test_smape_agrees_with_torchmetrics(seed: int, rows: int):
    torch.manual_seed(seed)
    y_pred, truth = torch.randn(2, rows).double()
    expected = tm.symmetric_mean_absolute_percentage_error(y_pred, truth).item()
    assert _value(SMAPE(), y_pred, truth) == pytest.approx(expected)


@pytest.mark.parametrize("make", [MAPE, SMAPE])
def test_zero_targets_are_kept_from_dividing(make):
    assert _value(make(), torch.zeros(3), torch.zeros(3)) == 0.0
    assert _value(make(epsilon=1.0), torch.full((2,), 0.5), torch.zeros(2)) == (
        0.5 if make is MAPE else 1.0
    )
    with pytest.raises(InputError) as told:
        make(epsilon=0.0)
    assert str(told.value) == "epsilon must be above 0, got 0.0"


@pytest.mark.parametrize(("make", "theirs"), [THEIRS[0][:2], THEIRS[1][:2], THEIRS[4][:2]])
def test_several_outputs_count_alike(make, theirs):
    torch.manual_seed(1)
    truth = torch.randn(30, 3) * torch.tensor([1.0, 10.0, 100.0])
    y_pred = truth + torch.randn(30, 3)
    expected = theirs(truth.double(), y_pred.double(), multioutput="uniform_average")
    assert _value(make(), y_pred, truth) == pytest.approx(expected)


@pytest.mark.parametrize("case", THEIRS)
@pytest.mark.parametrize(("pred", "true"), [((6, 1), (6,)), ((6,), (6, 1)), ((6, 1), (6, 1, 1))])
def test_a_column_and_a_vector_are_the_same(case, pred, true):
    torch.manual_seed(2)
    truth = torch.rand(6) + 1
    y_pred = truth + torch.randn(6)
    expected = _value(case[0](), y_pred, truth)
    assert _value(case[0](), y_pred.reshape(pred), truth.reshape(true)) == expected


@pytest.mark.parametrize("make", [MAE, MSE, RMSE, MAPE, SMAPE, R2])
def test_nothing_is_broadcast(make):
    with pytest.raises(ShapeError) as told:
        make().update(torch.zeros(4, 3), torch.zeros(4))
    assert str(told.value) == (
        f"metric {make.name!r} compares element by element, got outputs (4, 3) and targets (4,)"
    )


def test_integer_targets_do_not_overflow():
    y_pred = torch.full((3,), 200, dtype=torch.uint8)
    assert _value(MSE(), y_pred, torch.zeros(3, dtype=torch.uint8)) == 40_000.0


def _exact_r2(y_pred: torch.Tensor, y_true: torch.Tensor) -> float:
    p, t = ([Fraction(v) for v in side.tolist()] for side in (y_pred, y_true))
    mean = sum(t) / len(t)
    errors = sum((a - b) ** 2 for a, b in zip(p, t, strict=True))
    return float(1 - errors / sum((b - mean) ** 2 for b in t))


@modest
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(3, 60),
    mean=st.sampled_from([0.0, 1e4, -1e8, 1e12]),
    batch=st.integers(1, 20),
)
def test_r2_is_exact_for_a_large_mean(seed: int, rows: int, mean: float, batch: int):
    torch.manual_seed(seed)
    truth = torch.randn(rows).double() + mean
    y_pred = truth + 0.3 * torch.randn(rows)
    expected = _exact_r2(y_pred, truth)
    assert _value(R2(), y_pred, truth, batch) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_r2_with_a_first_target_far_off():
    truth = torch.cat([torch.tensor([1e6]), torch.randn(50)]).double()
    y_pred = truth + torch.randn(51)
    expected = _exact_r2(y_pred, truth)
    assert _value(R2(), y_pred, truth, 3) == pytest.approx(expected, rel=1e-12)


def test_r2_of_constant_targets_is_scikit_learns():
    truth = torch.full((9,), 0.1)
    assert _value(R2(), truth, truth) == sk.r2_score(truth, truth) == 1.0
    assert _value(R2(), truth + 1, truth) == sk.r2_score(truth, truth + 1) == 0.0
    both = torch.stack([truth.ceil(), torch.arange(9.0)], dim=1)
    assert _value(R2(), both + 1, both) == pytest.approx(sk.r2_score(both, both + 1))


def test_r2_of_one_row_is_nan():
    metric = R2()
    metric.update(torch.ones(1), torch.ones(1))
    assert metric.compute().isnan()
