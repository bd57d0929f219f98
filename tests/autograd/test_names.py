"""What a model calls its leaves."""

import pytest
import torch
from torch import nn

from lampas.autograd.names import Names, check_model, storage_of
from lampas.errors import InputError


def test_names_of_parameters_and_of_nothing_else() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    names = Names(model)
    assert names.of(model[0].weight) == "0.weight"
    assert names.of(nn.Parameter(torch.ones(2))) == ""
    assert names.owner(storage_of(model[0].weight.t())) == "0.weight"
    assert names.owner(storage_of(model[1].running_mean)) == "1.running_mean"
    assert names.owner(None) == ""
    assert (names.type_of("1"), names.type_of("9")) == ("BatchNorm1d", "")


def test_tied_weights_have_their_first_name() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    assert Names(model).of(model[1].weight) == "0.weight"


def test_shells_are_seen_through() -> None:
    assert list(Names(nn.DataParallel(nn.Linear(1, 1))).parameters) == ["weight", "bias"]


def test_lazy_layers_and_no_model() -> None:
    assert list(Names(nn.LazyLinear(2)).parameters) == ["weight", "bias"]
    assert Names(None).parameters == {}
    assert storage_of(torch.eye(2).to_sparse()) is None


def test_what_is_no_model() -> None:
    with pytest.raises(InputError, match=r"^model is the class Linear, not an object: pass the"):
        check_model(nn.Linear)
    with pytest.raises(InputError, match=r"^model is of type int: pass a torch.nn.Module$"):
        check_model(3)
    check_model(None)
