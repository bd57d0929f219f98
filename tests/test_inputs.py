"""What the verbs were given."""

import pandas as pd
import pytest
import torch
from torch import nn

import lampas
from lampas.errors import DataError
from lampas.inputs import (
    check_data,
    looking_at_data,
    size_of_batches,
    size_to_evaluate,
    source_as_fitted,
    source_for,
)


def _model(dtype: torch.dtype = torch.float32) -> lampas.Model:
    model = lampas.Model(nn.Linear(2, 1, dtype=dtype))
    model.compile("sgd", "mse")
    return model


def _frame() -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]})


def test_data_are_read_in_the_dtype_of_the_model() -> None:
    source = source_for(_model(torch.float64), _frame().to_numpy("float32"), None)
    assert source.rows is not None
    assert source.dtype is torch.float64


def test_columns_come_in_the_order_that_fit_saw() -> None:
    model, frame = _model(), _frame()
    model.fit(frame, frame[["a"]], verbose=0)
    with pytest.raises(DataError, match="columns"):
        source_as_fitted(model, frame[["b", "a"]].rename(columns={"a": "c"}))


def test_a_size_is_the_one_asked_for_or_the_largest_that_fits() -> None:
    model, x = _model(), torch.rand(20, 2)
    source = source_for(model, x, None)
    assert size_of_batches(model, 3, source, "predict") == 3
    assert size_of_batches(model, "auto", source, "predict") == 16


def test_data_that_do_not_fit_are_refused_before_a_step() -> None:
    model = _model()
    check_data(model, [source_for(model, torch.rand(4, 2), torch.rand(4, 1)).rows])
    unknown = source_for(model, torch.rand(4, 2), torch.full((4, 1), torch.nan))
    with pytest.raises(DataError, match="nan"):
        check_data(model, [unknown.rows])


def test_only_where_nothing_is_learnt_a_size_may_be_left_open() -> None:
    model = lampas.Model(nn.Linear(3, 1))
    source = source_for(model, torch.zeros(5, 3), torch.zeros(5, 1))
    assert size_to_evaluate(model, None, source, "predict") == source.usual_size
    assert size_to_evaluate(model, 7, source, "predict") == 7


def test_data_that_an_evaluation_finds_sound_are_not_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, searched = _model(), list[int]()
    monkeypatch.setattr("lampas.inputs.check_inputs", lambda _, rows: searched.append(len(rows)))
    x, y = torch.rand(4, 2), torch.rand(4, 1)
    model.evaluate(x, y)
    assert searched == []
    x[1, 1] = torch.nan
    model.evaluate(x, y)
    assert searched == [4]
    model.compile("sgd", lambda y_pred, y_true: (y_pred - y_true).nansum())
    model.evaluate(x, y)
    assert searched == [4, 4]


@pytest.mark.parametrize("loss", [nn.MSELoss(), lambda p, t: (p - t).square().nanmean()])
def test_gaps_in_evaluated_data_are_told(loss: object) -> None:
    model, x = _model(), torch.rand(9, 2)
    model.compile("sgd", loss)
    x[5, 1] = torch.nan
    with pytest.raises(DataError, match="x has nan in row 5, column 1, and the net"):
        model.evaluate(x, torch.rand(9, 1))


def test_gaps_are_the_cause_of_what_is_raised_for_them() -> None:
    model, x = lampas.Model(nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())), torch.rand(9, 2)
    model.compile("sgd", nn.BCELoss())
    x[5, 1] = torch.nan
    with pytest.raises(DataError, match="x has nan in row 5, column 1, and the net"):
        model.evaluate(x, torch.ones(9, 1))


def test_what_sound_data_have_not_caused_stays_as_it_is() -> None:
    model = _model()
    rows = source_for(model, torch.rand(4, 2), torch.rand(4, 1)).rows
    with pytest.raises(ZeroDivisionError), looking_at_data(model, rows):
        raise ZeroDivisionError


def test_gaps_are_the_cause_of_what_is_raised_where_a_size_is_tried() -> None:
    model, x = lampas.Model(nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())), torch.rand(9, 2)
    model.compile("sgd", nn.BCELoss())
    x[1, 1] = torch.nan
    with pytest.raises(DataError, match="x has nan in row 1, column 1, and the net"):
        model.evaluate(x, torch.ones(9, 1), batch_size="auto")


def test_infinite_inputs_are_told_where_the_loss_would_take_them() -> None:
    model, x = lampas.Model(nn.Linear(2, 3)), torch.rand(9, 2)
    model.compile("sgd", "cross_entropy")
    x[5, 1] = -torch.inf
    with pytest.raises(DataError, match="x has -inf in row 5, column 1, and the net"):
        model.evaluate(x, torch.ones(9).long())
