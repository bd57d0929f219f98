import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.reasons.untouched import gradient, untouched


def test_what_the_block_does_to_modes_and_random_numbers_is_taken_back(unchanged):
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.BatchNorm1d(2))
    net[1].eval()
    with unchanged(net), untouched(net):
        assert not any(module.training for module in net.modules())
        torch.rand(3)
        net.train()


def test_gradients_are_there_whatever_the_caller_had():
    net = nn.Linear(2, 1)
    for context in (torch.no_grad, torch.inference_mode):
        with context(), untouched(net):
            found = gradient(lambda x: net(x)[:, 0], torch.ones(3, 2))
            assert found.equal(net.weight.expand(3, -1))
        assert net.weight.grad is None


def test_an_error_leaves_nothing_behind(unchanged):
    net = nn.Linear(2, 1)
    with pytest.raises(InputError, match=r"no gradient"), unchanged(net), untouched(net):
        gradient(lambda x: x.detach().sum(1), torch.ones(3, 2))
    assert net.training
