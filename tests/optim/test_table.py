from functools import partial

import pytest
import torch
from torch import nn

from lampas.errors import InputError, UnknownNameError
from lampas.optim import OPTIMIZERS, freeze, resolve


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"muon", "sparseadam"}))
def test_each_string_is_torchs_class_with_torchs_defaults_and_steps(name: str) -> None:
    module = net()
    optimizer = resolve(name, module)
    assert type(optimizer) is OPTIMIZERS[name]
    assert optimizer.defaults == OPTIMIZERS[name]([nn.Parameter(torch.zeros(1))]).defaults

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = module(torch.ones(2, 3)).square().sum()
        loss.backward()
        return loss

    before = [p.detach().clone() for p in module.parameters()]
    optimizer.step(closure)
    after = module.parameters()
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_named_ones_are_there() -> None:
    assert {"sgd", "adam", "adamw", "adagrad", "rmsprop", "nadam", "radam"} <= set(OPTIMIZERS)
    assert all(issubclass(kind, torch.optim.Optimizer) for kind in OPTIMIZERS.values())


@pytest.mark.parametrize("name", ["AdamW", "adam_w", "ADAM-W"])
def test_case_and_dashes_do_not_matter(name: str) -> None:
    assert type(resolve(name, net())) is torch.optim.AdamW


def test_classes_partials_and_functions_get_the_trainable_parameters() -> None:
    module = net()
    freeze(module, "0")
    for spec in (
        torch.optim.Adam,
        partial(torch.optim.Adam, lr=1e-2),
        lambda params: torch.optim.SGD(params, lr=0.5),
    ):
        (group,) = resolve(spec, module).param_groups
        assert [id(p) for p in group["params"]] == [id(p) for p in module[1].parameters()]


def test_an_optimizer_stays_the_same_object() -> None:
    module = net()
    optimizer = torch.optim.Adam(module.parameters())
    assert resolve(optimizer, module) is optimizer


def test_an_unknown_string_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError) as caught:
        resolve("adamm", net())
    assert str(caught.value).startswith("unknown optimizer 'adamm': did you mean 'adam' or ")
    assert str(caught.value).endswith(", ".join(sorted(OPTIMIZERS)))


def test_other_things_get_one_clear_line() -> None:
    with pytest.raises(InputError) as caught:
        resolve(0.1, net())  # pyright: ignore
    assert str(caught.value) == (
        "the optimizer is a float; pass a torch optimizer, a name like 'adam', "
        "or a function from parameters to an optimizer"
    )
    with pytest.raises(InputError) as caught:
        resolve(list, net())  # pyright: ignore
    assert str(caught.value) == (
        "the optimizer function list returned a list; it must return a torch optimizer"
    )


@pytest.mark.parametrize("spec", ["adagrad", torch.optim.Adam])
def test_a_lazy_layer_is_named_before_torch_stumbles_over_it(spec) -> None:
    with pytest.raises(InputError, match=r"^the layer '0' \(LazyLinear\) has no weights"):
        resolve(spec, nn.Sequential(nn.LazyLinear(3)))
