import copy

import pytest
import torch
from torch import nn

from lampas.errors import ArtifactError
from lampas.optim import kept, load_state, use_fastest


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))


def steps(module: nn.Module, optimizer: torch.optim.Optimizer, count: int) -> None:
    for seed in range(count):
        x = torch.randn(6, 3, generator=torch.Generator().manual_seed(seed))

        def closure(x: torch.Tensor = x) -> torch.Tensor:
            optimizer.zero_grad()
            torch.manual_seed(1)
            loss = module(x).square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)


def bits(module: nn.Module) -> list[torch.Tensor]:
    return [value.clone() for value in module.state_dict().values()]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


KINDS = ["SGD", "Adam", "AdamW", "Adagrad", "RMSprop", "NAdam", "RAdam", "Adafactor", "LBFGS"]


@pytest.mark.parametrize("name", KINDS)
def test_a_loaded_optimizer_goes_on_bit_for_bit(name: str) -> None:
    options = {"momentum": 0.9} if name == "SGD" else {}
    make = getattr(torch.optim, name)
    module = net()
    optimizer = make(module.parameters(), **options)
    steps(module, optimizer, 3)
    weights, saved = copy.deepcopy(module.state_dict()), copy.deepcopy(optimizer.state_dict())
    steps(module, optimizer, 2)

    other = net()
    other.load_state_dict(weights)
    fresh = make(other.parameters(), **options)
    load_state(fresh, saved)
    steps(other, fresh, 2)
    assert same(bits(module), bits(other))


def test_the_implementation_stays_the_optimizers_own_and_the_rate_is_the_saved_one() -> None:
    plain, fast = net(), net()
    saved = torch.optim.Adam(plain.parameters(), lr=0.5)
    steps(plain, saved, 2)
    optimizer = torch.optim.Adam(fast.parameters())
    use_fastest(optimizer, fast)
    load_state(optimizer, saved.state_dict())
    (group,) = optimizer.param_groups
    assert (group["fused"], group["lr"]) == (True, 0.5)
    steps(fast, optimizer, 1)


def test_a_tensor_rate_stays_a_tensor() -> None:
    module = net()
    optimizer = torch.optim.Adam(module.parameters(), lr=torch.tensor(0.1))
    load_state(optimizer, torch.optim.Adam(net().parameters(), lr=0.5).state_dict())
    assert torch.equal(optimizer.param_groups[0]["lr"], torch.tensor(0.5))
    plain = torch.optim.Adam(module.parameters())
    load_state(plain, optimizer.state_dict())
    assert plain.param_groups[0]["lr"] == 0.5


def test_what_does_not_fit_gets_one_clear_line_and_changes_nothing() -> None:
    module = net()
    optimizer = torch.optim.Adam(module.parameters())
    groups = torch.optim.Adam([{"params": [p]} for p in net().parameters()]).state_dict()
    with pytest.raises(ArtifactError) as caught:
        load_state(optimizer, groups)
    assert str(caught.value) == (
        "the saved optimizer has groups of [1, 1, 1, 1, 1, 1] parameters, this one of [6]: "
        "build it as it was built for the saved run"
    )

    other = net()
    momentum = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
    steps(other, momentum, 1)
    with pytest.raises(ArtifactError) as caught:
        load_state(optimizer, momentum.state_dict())
    assert str(caught.value) == (
        "the saved optimizer is of another kind: it keeps momentum_buffer for each parameter, "
        "this Adam keeps exp_avg, exp_avg_sq, step"
    )

    wider = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Linear(5, 2))
    large = torch.optim.Adam(wider.parameters())
    steps(wider, large, 1)
    with pytest.raises(ArtifactError) as caught:
        load_state(optimizer, large.state_dict())
    assert str(caught.value) == (
        "the saved optimizer's exp_avg of parameter 0 has shape (5, 3), the parameter has (4, 3)"
    )
    assert not optimizer.state


def _train_and_fail(module: nn.Module, optimizer: torch.optim.Optimizer, *, fail: bool) -> None:
    with kept([module], [optimizer]):
        optimizer.param_groups[0]["lr"] = 5.0
        optimizer.param_groups[0]["new"] = 1
        module.train()
        steps(module, optimizer, 3)
        module[1].running_mean = torch.ones(4)
        torch.rand(7)
        if fail:
            raise ZeroDivisionError


@pytest.mark.parametrize("fail", [False, True])
@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("name", ["SGD", "Adam", "LBFGS"])
def test_all_is_put_back_bit_for_bit(name: str, before: int, fail: bool) -> None:
    module = net()
    make = getattr(torch.optim, name)
    optimizer = make(module.parameters())
    steps(module, optimizer, before)
    module.eval()
    twin = copy.deepcopy(module)
    twin_optimizer = make(twin.parameters())
    twin_optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    gradients = [p.grad if p.grad is None else p.grad.clone() for p in module.parameters()]
    weights, random = bits(module), torch.get_rng_state()
    buffer = module[1].running_mean
    try:
        _train_and_fail(module, optimizer, fail=fail)
    except ZeroDivisionError:
        assert fail
    assert same(bits(module), weights)
    assert torch.equal(torch.get_rng_state(), random)
    assert module[1].running_mean is buffer
    assert not any(part.training for part in module.modules())
    assert "new" not in optimizer.param_groups[0]
    for p, gradient in zip(module.parameters(), gradients, strict=True):
        assert (p.grad is None) == (gradient is None)
        assert gradient is None or torch.equal(p.grad, gradient)
    steps(module, optimizer, 2)
    steps(twin, twin_optimizer, 2)
    assert same(bits(module), bits(twin))
