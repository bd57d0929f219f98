"""One parameter stepped by the optimizer that has it among others."""

from typing import Any

import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.optim import OPTIMIZERS, alone, require_separable


def _of(name: str, **options: Any) -> torch.optim.Optimizer:
    make: Any = OPTIMIZERS[name]
    return make([nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(3, 2))], **options)


def test_the_optimizer_is_put_back_after_an_error_too() -> None:
    optimizer = _of("adam")
    groups = optimizer.param_groups
    optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))], "lr": 0.5})
    held = [list(group["params"]) for group in groups]
    with pytest.raises(ZeroDivisionError), alone(optimizer, groups[0], groups[0]["params"][1]):
        _ = 1 / (len(optimizer.param_groups[0]["params"]) - 1)
    assert optimizer.param_groups is groups
    assert [[id(p) for p in group["params"]] for group in groups] == [
        [id(p) for p in parameters] for parameters in held
    ]


def test_what_a_step_writes_into_its_group_stays() -> None:
    class Counting(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            for group in self.param_groups:
                group["k"] = group.get("k", 0) + 1

    optimizer = Counting([nn.Parameter(torch.ones(1))])
    with alone(optimizer, optimizer.param_groups[0], optimizer.param_groups[0]["params"][0]):
        optimizer.step()
    assert optimizer.param_groups[0]["k"] == 1


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"lbfgs"}))
def test_torchs_optimizers_step_each_parameter_on_its_own(name: str) -> None:
    state = torch.get_rng_state()
    require_separable(_of(name))
    assert torch.equal(state, torch.get_rng_state())


class Whole(torch.optim.SGD):
    """Divides by the norm of all gradients."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            there = [p for p in group["params"] if p.grad is not None]
            norm = torch.stack([p.grad.norm() for p in there]).norm()
            for p in there:
                p -= group["lr"] * p.grad / norm


class Noise(torch.optim.SGD):
    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for p in group["params"]:
                p += torch.randn_like(p)


class Needy(torch.optim.SGD):
    def __init__(self, params: Any, model: nn.Module) -> None:
        super().__init__(params)


@pytest.mark.parametrize("kind", [Whole, Noise])
def test_one_that_sees_all_parameters_at_once_is_found_out(kind: Any) -> None:
    state = torch.get_rng_state()
    with pytest.raises(InputError, match=f"one by one, and {kind.__name__} makes other steps then"):
        require_separable(kind([nn.Parameter(torch.ones(1))], lr=0.1))
    assert torch.equal(state, torch.get_rng_state())


def test_one_that_cannot_be_tried_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"^optimizer_in_backward .* cannot be tried with Needy \("
    ):
        require_separable(Needy([nn.Parameter(torch.ones(1))], nn.Linear(1, 1)))
