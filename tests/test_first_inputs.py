from typing import Any

import torch
from torch import nn

from lampas.first_inputs import FirstInputs


class Net(nn.Module):
    def forward(self, x: Any, scale: Any = 1) -> Any:
        return x.mul_(scale)


def test_two_rows_of_the_first_call_as_they_came() -> None:
    net = Net()
    first = FirstInputs(net)
    net.eval()(torch.ones(128, 3))
    net.train()
    net(torch.ones(5, 3), scale=torch.full((5, 1), 2.0))
    net(torch.zeros(7, 3))
    assert first.batch_size == 5
    assert first.args is not None
    assert torch.equal(first.args[0], torch.ones(2, 3))
    assert first.kwargs["scale"].shape == (2, 1)
    assert not net._forward_pre_hooks


def test_inputs_of_different_length_stay_whole() -> None:
    net = Net()
    first = FirstInputs(net)
    net(torch.ones(5, 3), scale=torch.ones(3))
    assert first.batch_size is None
    assert first.args is not None
    assert first.args[0].shape == (5, 3)


def test_it_can_leave_before() -> None:
    net = Net()
    first = FirstInputs(net)
    first.leave()
    net(torch.ones(1))
    assert first.args is None
