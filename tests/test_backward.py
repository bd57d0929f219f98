"""`loss.backward()` by a shorter way: the same gradients, memory and messages."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lampas.backward import backward

torch.manual_seed(0)
X = torch.randn(40, 3)
Y = X.sum(1, keepdim=True)


def _net() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


def test_gradients_are_those_of_torchs_backward() -> None:
    nets = [_net(), _net()]
    for _ in range(2):  # they add up
        for net, back in zip(nets, (backward, Tensor.backward), strict=True):
            back((net(X) - Y).square().mean())
    for ours, theirs in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.equal(ours.grad, theirs.grad)


def test_a_gradient_is_nobody_elses_memory() -> None:
    """Where the loss is a weight itself, the gradient that comes in is the one that stays."""
    weights = [torch.ones((), requires_grad=True) for _ in range(2)]
    for weight in weights:
        backward(weight.reshape(()))
    first, second = (weight.grad for weight in weights)
    assert first is not None
    assert second is not None
    first.mul_(5.0)
    assert second.item() == 1.0


def test_a_tensor_of_another_kind_and_who_listens_are_asked() -> None:
    class Own(Tensor):
        asked = 0

        def backward(self, *args: Any, **kwargs: Any) -> None:
            Own.asked += 1
            super().backward(*args, **kwargs)

    class Listens(TorchFunctionMode):
        heard = False

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None):
            Listens.heard |= func is Tensor.backward
            return func(*args, **(kwargs or {}))

    weight = torch.ones(2, requires_grad=True)
    backward(weight.sum().as_subclass(Own))  # type: ignore
    assert Own.asked == 1
    with Listens():
        backward(weight.sum())
    assert Listens.heard
    assert weight.grad is not None
    assert weight.grad.tolist() == [2.0, 2.0]


def test_torchs_own_messages_are_torchs() -> None:
    loss = torch.ones(2, requires_grad=True).square().sum()
    backward(loss)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        backward(loss)
    with pytest.raises(RuntimeError, match="does not require grad"):
        backward(torch.ones(()))
