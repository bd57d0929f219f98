"""What a model keeps of its last `fit`."""

import copy
import pickle

import torch
from torch import nn

import lampas
from lampas.past import Past, give_past, past_of


def _fitted() -> lampas.Model:
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("sgd", "mse")
    x = torch.rand(8, 2)
    model.fit(x, x.sum(1, keepdim=True), epochs=2, verbose=0)
    return model


def test_a_new_model_has_none() -> None:
    past = past_of(lampas.Model(nn.Linear(2, 1)))
    assert (past.history.rows, past.origin, past.columns, past.example) == ([], {}, None, None)


def test_a_fit_leaves_its_rows_and_what_repeats_it() -> None:
    model = _fitted()
    past = past_of(model)
    assert past.history is model.history
    assert len(past.history) == 2
    assert past.origin is model.origin
    assert past.origin["epochs"] == 2
    assert past.columns == [None, None]  # x and y
    assert past.example.size == 7


def test_it_goes_with_copies_and_pickles() -> None:
    model = _fitted()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert past_of(twin) is not past_of(model)
        assert twin.history.rows == model.history.rows
        assert twin.origin == model.origin


def test_a_model_goes_on_from_one_that_it_is_given() -> None:
    model, past = lampas.Model(nn.Linear(2, 1)), past_of(_fitted())
    give_past(model, past)
    assert model.history is past.history


def test_optimizers_read_from_a_file_are_taken_once() -> None:
    past = Past(optimizers={"": {"state": {}}})
    assert past.take_optimizers() == {"": {"state": {}}}
    assert past.take_optimizers() == {}
