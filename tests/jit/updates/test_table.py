from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from lampas.jit.updates import UPDATES, update_of
from lampas.optim import use_fastest


def weight(dtype: torch.dtype = torch.float32) -> nn.Parameter:
    return nn.Parameter(torch.zeros(2, dtype=dtype))


@pytest.mark.parametrize("kind", UPDATES)
def test_torchs_own_have_a_form_whatever_their_implementation(kind: Any) -> None:
    assert update_of(kind([weight()])) is UPDATES[kind]
    assert update_of(kind([weight()], foreach=True)) is UPDATES[kind]


class Mine(torch.optim.SGD):
    pass


class MineW(torch.optim.AdamW):
    pass


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        (lambda: torch.optim.Rprop([weight()]), "Rprop has no compiled form"),
        (lambda: torch.optim.LBFGS([weight()]), "LBFGS has no compiled form"),
        (lambda: Mine([weight()]), "Mine is a subclass of SGD"),
        (lambda: MineW([weight()]), "MineW is a subclass of AdamW"),
        (lambda: torch.optim.Adam([weight()], lr=torch.tensor(0.1)), "its lr is a tensor"),
        (lambda: torch.optim.SGD([weight()], differentiable=True), "differentiable=True"),
        (lambda: torch.optim.SGD([weight(torch.complex64)]), "complex parameters"),
    ],
)
def test_others_have_a_reason(optimizer: Any, reason: str) -> None:
    assert update_of(optimizer()) == reason


def test_every_group_is_looked_at_and_every_number() -> None:
    groups: Any = [{"params": [weight()]}, {"params": [weight()], "differentiable": True}]
    assert update_of(torch.optim.SGD(groups)) == "differentiable=True"
    optimizer = torch.optim.Adam([weight()])
    optimizer.param_groups[0]["betas"] = (0.9, torch.tensor(0.9))
    assert update_of(optimizer) == "its betas are tensors"


@pytest.mark.parametrize("place", ["register_step_pre_hook", "register_step_post_hook"])
def test_hooks_are_a_reason_while_they_are_there(place: str) -> None:
    optimizer = torch.optim.SGD([weight()])
    handle = getattr(optimizer, place)(print)
    assert update_of(optimizer) == "it has step hooks"
    handle.remove()
    assert not isinstance(update_of(optimizer), str)


def test_hooks_of_all_optimizers_are_a_reason() -> None:
    handle = register_optimizer_step_pre_hook(lambda *_: None)
    try:
        assert update_of(torch.optim.SGD([weight()])) == "it has step hooks"
    finally:
        handle.remove()


def test_our_own_hook_is_none() -> None:
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), momentum=0.9)
    use_fastest(optimizer, net)
    assert optimizer._optimizer_step_pre_hooks
    assert not isinstance(update_of(optimizer), str)


def test_a_schedulers_wrapper_is_torchs_own_and_another_step_is_not() -> None:
    optimizer = torch.optim.SGD([weight()])
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    assert not isinstance(update_of(optimizer), str)
    optimizer.step = lambda: None  # type: ignore[method-assign]
    assert update_of(optimizer) == "its step was replaced"
