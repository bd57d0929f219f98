import math

import numpy as np
import pytest
import torch
import torchmetrics

from lampas.errors import InputError
from lampas.metrics import as_number, as_record


@pytest.mark.parametrize(
    "value", [2, 2.0, np.float64(2), np.array(2), np.array([[2.0]]), torch.tensor([2.0])]
)
def test_one_number(value):
    assert as_number(value) == 2.0
    assert type(as_number(value)) is float
    assert as_record("m", value) == {"m": 2.0}


@pytest.mark.parametrize(
    "value", [None, "2", torch.zeros(2), torch.zeros(0), torch.tensor(1j), np.array("a"), [2.0]]
)
def test_no_number(value):
    with pytest.raises(InputError, match=r"^metric 'mine' must give one number, got "):
        as_number(value, "mine")


def test_a_vector_has_a_column_a_class():
    assert as_record("f1", torch.tensor([1, 2])) == {"f1_0": 1.0, "f1_1": 2.0}
    assert as_record("f1", np.array([1.0, 2.0])) == {"f1_0": 1.0, "f1_1": 2.0}
    assert as_record("f1", torch.zeros(0)) == {}


def test_tables_and_curves_are_no_columns():
    curve = (torch.zeros(3), torch.zeros(3))
    for value in (torch.eye(3), np.eye(3), curve, [1.0, 2.0]):
        assert as_record("m", value) == {}
    assert as_record("m", {"a": curve, "b": 1.0}) == {"m_b": 1.0}


def test_a_collection_has_a_column_a_member():
    collection = torchmetrics.MetricCollection(
        [torchmetrics.MeanSquaredError(), torchmetrics.MeanAbsoluteError()]
    )
    collection.update(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
    assert as_record("c", collection.compute()) == {
        "c_MeanSquaredError": 5.0,
        "c_MeanAbsoluteError": 2.0,
    }


def test_nan_is_a_number():
    assert math.isnan(as_record("m", torch.tensor(torch.nan))["m"])


def test_anything_else_names_the_metric():
    with pytest.raises(InputError) as told:
        as_record("mine", None)
    assert str(told.value) == (
        "metric 'mine' must give numbers, a tensor or a dict of these, got None"
    )
