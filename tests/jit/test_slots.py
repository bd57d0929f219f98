"""Tensors of modules, and others in their places."""

import pytest
import torch
from torch import nn

from lampas.jit.slots import Slots


def test_a_tied_weight_is_one_slot_in_all_its_places() -> None:
    embed, head = nn.Embedding(3, 2), nn.Linear(2, 3, bias=False)
    head.weight = embed.weight
    slots = Slots(nn.Sequential(embed, head).modules())
    assert len(slots.parameters) == 1
    other = torch.ones(3, 2)
    with slots.holding([other], []):
        assert embed.weight is other
        assert head.weight is other
    assert embed.weight is head.weight is slots.parameters[0]


def test_a_module_that_stands_twice_is_looked_at_once() -> None:
    layer = nn.Linear(2, 2)
    assert len(Slots([*nn.Sequential(layer, layer).modules(), layer]).parameters) == 2


def test_all_is_put_back_after_an_error() -> None:
    net = nn.BatchNorm1d(2)
    slots, before = Slots(net.modules()), dict(net.state_dict(keep_vars=True))
    held = [[torch.zeros(2) for _ in part] for part in (slots.parameters, slots.buffers)]
    with pytest.raises(KeyError), slots.holding(*held):
        raise KeyError
    assert all(net.state_dict(keep_vars=True)[name] is tensor for name, tensor in before.items())


def test_buffers_move_with_their_module() -> None:
    net = nn.Sequential(nn.BatchNorm1d(2, affine=False), nn.BatchNorm1d(2, affine=False))
    slots = Slots(net.modules())
    before = [buffer.clone() for buffer in slots.buffers]
    net[0].num_batches_tracked += 1
    assert slots.moving(before) == [0, 1, 2]
