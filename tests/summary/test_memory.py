"""What training is said to hold, against what it holds."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

import lampas
from lampas.summary import summarize


def net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Dropout(0.2), nn.Flatten(),
        nn.Linear(8 * 36, 5),
    )  # fmt: skip


def really_saved(module: nn.Module, x: torch.Tensor) -> int:
    """Bytes that autograd keeps in a real pass, beside parameters and buffers."""
    kept: dict[int, Any] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.data_ptr()] = tensor.untyped_storage()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        module.train()(x)
    own = {tensor.data_ptr() for tensor in (*module.parameters(), *module.buffers())}
    return sum(one.nbytes() for place, one in kept.items() if place not in own)


@pytest.mark.parametrize("size", [2, 7])
def test_activations_are_what_autograd_keeps(size: int) -> None:
    found = summarize(net(), (3, 8, 8)).training
    assert found is not None
    real = really_saved(net(), torch.randn(size, 3, 8, 8))
    assert found.activations + size * found.per_sample == real
    given = summarize(net(), (3, 8, 8), batch_size=size).training
    assert given is not None
    assert (given.activations, given.per_sample) == (real, 0)


@pytest.mark.parametrize(
    "make",
    [
        torch.optim.Adam, torch.optim.SGD, partial(torch.optim.SGD, lr=0.1, momentum=0.9),
        partial(torch.optim.Adam, amsgrad=True), torch.optim.RMSprop, torch.optim.Adagrad,
    ],
)  # fmt: skip
def test_the_state_of_the_optimiser_is_what_a_step_makes(make: Any) -> None:
    module = net()
    module[0].requires_grad_(False)
    optimizer = make([p for p in module.parameters() if p.requires_grad])
    found = summarize(module, (3, 8, 8), optimizer=optimizer).training
    module(torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    states = [value for state in optimizer.state.values() for value in state.values()]
    real = sum(value.numel() * value.element_size() for value in states if torch.is_tensor(value))
    assert found is not None
    assert found.state == real
    assert found.gradients == sum(p.nbytes for p in module.parameters() if p.requires_grad)
    assert found.optimizer == type(optimizer).__name__


def test_an_optimiser_with_groups_and_a_compiled_model() -> None:
    module = net()
    groups = [{"params": module[0].parameters(), "lr": 0.1}, {"params": module[5].parameters()}]
    optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.9)
    model = lampas.Model(module)
    with pytest.warns(UserWarning, match="the optimizer lacks 2 of the model's 6"):
        model.compile(optimizer, "crossentropy")
    found = model.summary((3, 8, 8)).training
    assert found is not None
    used = sum(p.nbytes for layer in (module[0], module[5]) for p in layer.parameters())
    assert (found.optimizer, found.state) == ("SGD", used)
    assert not optimizer.state
    model.compile(None, "crossentropy")
    told = model.summary((3, 8, 8)).training
    assert told is not None
    assert told.optimizer == "Adam"


def test_half_precision_keeps_less() -> None:
    whole, half = (
        summarize(net(), (3, 8, 8), precision=name).training for name in ("float32", "bf16")
    )
    assert whole is not None
    assert half is not None
    assert 0.4 < half.per_sample / whole.per_sample < 0.8
    assert whole.at(10) - whole.at(0) == 10 * whole.per_sample


def test_an_optimiser_that_looks_at_numbers_is_not_guessed() -> None:
    summary = summarize(net(), (3, 8, 8), optimizer="adafactor")
    assert summary.training is None
    assert summary.remarks[0].startswith("the memory of training is not known: ")


def _block() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8))


def test_of_blocks_that_are_computed_again_only_the_largest_counts_whole() -> None:
    module = nn.Sequential(*(_block() for _ in range(4)))
    row = 8 * 4
    full, less = (summarize(module, (8,), recompute=spec).training for spec in (None, True))
    assert full is not None
    assert less is not None
    assert full.per_sample == 4 * 3 * row
    assert less.per_sample == (4 + 2) * row  # what each begins with, and two more within one
    run = nn.Sequential(*(layer for _ in range(4) for layer in _block()))
    cut = summarize(run, (8,), recompute=True).training
    assert cut is not None
    assert cut.per_sample == (3 + 4) * row  # 0-4, 5-8 and 9-11


def test_a_model_tells_of_what_it_was_compiled_with() -> None:
    model = lampas.Model(nn.Sequential(*(_block() for _ in range(4))))
    model.compile("adam", "mse", recompute=["0", model.net[1]], optimizer_in_backward=True)
    found = model.summary((8,)).training
    assert found is not None
    assert found.gradients == 8 * 8 * 4
    assert found.state > 8 * found.gradients
    assert found.per_sample == (2 + 2 + 6) * 8 * 4
    with pytest.raises(lampas.errors.InputError, match="no module matches 'x'"):
        summarize(model, (8,), recompute="x")
