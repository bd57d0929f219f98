import warnings

import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.optim import check, freeze, warn_missing


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2))


def refused(optimizer: torch.optim.Optimizer, model: nn.Module) -> str:
    with pytest.raises(InputError) as caught:
        check(optimizer, model)
    return str(caught.value)


def test_a_fitting_pair_passes_silently_also_with_a_loss_that_learns() -> None:
    model, temperature = net(), nn.Parameter(torch.ones(()))
    check(torch.optim.Adam(model.parameters()), model)
    check(torch.optim.Adam([*model.parameters(), temperature]), model)
    freeze(model, "0")
    check(torch.optim.Adam(p for p in model.parameters() if p.requires_grad), model)


def test_another_models_optimizer() -> None:
    assert refused(torch.optim.Adam(net().parameters()), net()) == (
        "the optimizer was built from another model: 0 of its 6 tensors are parameters of this "
        "one; build it from model.parameters()"
    )


def test_no_parameters() -> None:
    optimizer = torch.optim.Adam(net().parameters())
    assert refused(optimizer, nn.Flatten()) == (
        "the model has no parameters: there is nothing to train (layers in a plain list are "
        "not seen: put them in an nn.ModuleList)"
    )


def test_all_frozen() -> None:
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    freeze(model)
    assert refused(optimizer, model) == (
        "all 6 parameters of the model are frozen (requires_grad=False): there is nothing to "
        "train; lampas.optim.unfreeze(model) trains them"
    )


def test_only_frozen_ones_in_the_optimizer() -> None:
    model = net()
    optimizer = torch.optim.Adam(model[0].parameters())
    freeze(model, "0")
    assert refused(optimizer, model) == (
        "the optimizer holds 2 tensors, all frozen (requires_grad=False); "
        "build it from the parameters that train"
    )


def test_a_lazy_layer() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.LazyLinear(2))
    optimizer = torch.optim.Adam(model.parameters())
    assert refused(optimizer, model) == (
        "the layer '1' (LazyLinear) has no weights before its first batch: run one through the "
        "net before you build the optimizer: net(torch.zeros(1, ...))"
    )
    model(torch.zeros(1, 3))
    check(torch.optim.Adam(model.parameters()), model)


def test_a_part_of_the_model_left_out_is_a_warning() -> None:
    model = net()
    optimizer = torch.optim.Adam(model[0].parameters())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check(optimizer, model)
        warn_missing([optimizer], model)
    assert [str(w.message) for w in caught] == [
        "the optimizer lacks 4 of the model's 6 trainable parameters, the first is '1.weight': "
        "they will not train; add them, or freeze them with lampas.optim.freeze"
    ]


def test_several_optimizers_that_share_the_model_are_no_warning() -> None:
    model = net()
    optimizers = [torch.optim.Adam(part.parameters()) for part in model]
    for optimizer in optimizers:
        check(optimizer, model)
    warn_missing(optimizers, model)
    freeze(model, "2")
    warn_missing(optimizers[:2], model)


def test_tensors_on_another_device() -> None:
    model = net()
    elsewhere = nn.Parameter(torch.zeros(2, device="meta"))
    assert refused(torch.optim.SGD([*model.parameters(), elsewhere]), model) == (
        "the optimizer holds a tensor on meta, the model is on cpu; "
        "move both to one device, then build the optimizer"
    )


def test_state_that_stayed_behind_when_the_model_moved() -> None:
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    check(optimizer, model)
    state = optimizer.state[model[1].weight]
    state["exp_avg"] = state["exp_avg"].to("meta")
    assert refused(optimizer, model) == (
        "the optimizer's state (exp_avg) is on meta, its parameter on cpu; move it with "
        "optimizer.load_state_dict(optimizer.state_dict())"
    )
