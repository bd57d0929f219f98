import numpy as np
import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.losses import L1, L2, resolve_penalties


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


def total(model, names, power):
    state = model.state_dict()
    return sum(np.sum(np.abs(state[name].double().numpy()) ** power) for name in names)


@pytest.mark.parametrize(("penalty", "power"), [(L1, 1), (L2, 2)])
def test_takes_the_weights_and_neither_biases_nor_norms(penalty, power):
    model = net()
    want = 0.01 * total(model, ["0.weight", "2.weight"], power)
    value = penalty(0.01)(model)
    assert value.ndim == 0
    assert value.item() == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize(
    ("match", "names"),
    [
        ("*.bias", ["0.bias", "1.bias", "2.bias"]),
        ("1.weight", ["1.weight"]),
        ("0", ["0.weight", "0.bias"]),
    ],
)
def test_a_pattern_takes_exactly_what_it_fits(match, names):
    model = net()
    nn.init.constant_(model[1].bias, 0.5)
    assert L2(2.0, match)(model).item() == pytest.approx(2 * total(model, names, 2), rel=1e-5)


def test_the_gradient_of_l2_is_twice_the_weight_and_of_l1_its_sign():
    model = net()
    L2(0.25)(model).backward()
    assert torch.allclose(model[0].weight.grad, 0.5 * model[0].weight)
    assert model[0].bias.grad is None
    model.zero_grad()
    L1(0.25)(model).backward()
    assert torch.allclose(model[0].weight.grad, 0.25 * model[0].weight.sign())


def test_frozen_weights_are_left_out():
    model = net()
    model[0].weight.requires_grad_(False)
    assert L1(1.0)(model).item() == pytest.approx(total(model, ["2.weight"], 1), rel=1e-5)


def test_names_of_a_function_a_dict_a_list_and_nothing():
    def sparsity(model):
        return model[0].weight.abs().max()

    free = lambda model: model[0].weight.sum()  # noqa: E731
    assert resolve_penalties(None) == {}
    assert resolve_penalties(sparsity) == {"sparsity": sparsity}
    assert resolve_penalties({"tv": sparsity}) == {"tv": sparsity}
    first, second, third = L1(1.0), L2(1.0), L1(2.0)
    found = resolve_penalties([first, second, third, free, free])
    assert list(found) == ["l1", "l2", "l1_2", "penalty", "penalty_2"]
    assert list(found.values()) == [first, second, third, free, free]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L1(-1.0), "the strength of L1 is -1.0: it must be 0 or more"),
        (
            lambda: L2(1.0, match="0.wieght")(net()),
            "penalty L2: no parameter matches '0.wieght'; did you mean '0.weight' or '2.weight'?",
        ),
        (
            lambda: L2(1.0)(nn.BatchNorm1d(3)),
            "penalty L2: the model has no trainable weight of 2 dimensions or more",
        ),
        (
            lambda: resolve_penalties(L2),
            "a penalty is the class L2, not an object: write L2(1e-4)",
        ),
        (
            lambda: resolve_penalties({"l2": 1e-4}),
            "a penalty is a float: pass a function of the model that returns a 0-d tensor, such "
            "as lampas.losses.L2(1e-4)",
        ),
        (
            lambda: resolve_penalties({"loss": L2(1.0)}),
            "a penalty is named 'loss', as the loss itself is: give it another name",
        ),
    ],
)
def test_bad_input_is_one_line(make, message):
    with pytest.raises(InputError) as error:
        make()
    assert str(error.value) == message
