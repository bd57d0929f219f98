import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.optim import freeze, unfreeze


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def trainable(module: nn.Module) -> list[str]:
    return [name for name, p in module.named_parameters() if p.requires_grad]


def test_only_what_changes_is_named() -> None:
    module = net()
    assert freeze(module, "0") == ["0.weight", "0.bias"]
    assert freeze(module, "*.bias") == ["1.bias", "2.bias"]
    assert trainable(module) == ["1.weight", "2.weight"]
    assert unfreeze(module) == ["0.weight", "0.bias", "1.bias", "2.bias"]
    assert unfreeze(module) == []


def test_a_frozen_parameter_stays_though_the_optimizer_holds_it() -> None:
    module = net()
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1, weight_decay=0.5)
    for _ in range(2):
        module(torch.randn(5, 3)).sum().backward()
        optimizer.step()
    before = module[0].weight.detach().clone()
    freeze(module, "0")
    for _ in range(2):
        module(torch.randn(5, 3)).sum().backward()
        optimizer.step()
    assert torch.equal(module[0].weight, before)


def test_a_tied_parameter_may_be_named_by_any_of_its_names() -> None:
    module = nn.Module()
    module.embed = nn.Linear(3, 3, bias=False)
    module.head = nn.Linear(3, 3, bias=False)
    module.head.weight = module.embed.weight
    assert freeze(module, "head") == ["head.weight"]
    assert not module.embed.weight.requires_grad


@pytest.mark.parametrize("switch", [freeze, unfreeze])
def test_a_pattern_that_matches_nothing_changes_nothing(switch) -> None:
    module = net()
    with pytest.raises(InputError) as caught:
        switch(module, "0", "2.wieght")
    assert str(caught.value) == (
        f"{switch.__name__}: no parameter matches '2.wieght'; "
        "did you mean '2.weight' or '1.weight'?"
    )
    assert len(trainable(module)) == 6
