import numpy as np
import torch
from torch import nn

from lampas.board.device_bins import SMALL
from lampas.board.weights import take, tensors_of


def test_small_ones_are_joined_and_large_ones_counted() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, SMALL))
    net(torch.ones(1, 2)).sum().backward()
    tensors = tensors_of(list(net.named_parameters()))
    assert len(tensors) == 8
    ((step, _, tags, sizes, flat),), large = take(7, tensors)
    assert step == 7
    assert dict(zip(tags, sizes, strict=True)) == {
        "weights/0.weight": 6, "weights/0.bias": 3, "weights/1.bias": SMALL,
        "gradients/0.weight": 6, "gradients/0.bias": 3, "gradients/1.bias": SMALL,
    }  # fmt: skip
    assert list(large) == ["weights/1.weight", "gradients/1.weight"]
    assert large["weights/1.weight"].count == 3 * SMALL
    before = flat.copy()
    with torch.no_grad():
        net[0].weight.zero_()
    assert np.array_equal(flat, before)  # a copy: the training goes on


def test_one_tensor_alone_is_a_copy_too() -> None:
    net = nn.Linear(2, 1, bias=False)
    ((_, _, _, _, flat),), _ = take(1, tensors_of(list(net.named_parameters())))
    before = flat.copy()
    with torch.no_grad():
        net.weight.zero_()
    assert np.array_equal(flat, before)


def test_what_cannot_be_counted_is_left_out() -> None:
    net = nn.ParameterDict({"a": torch.zeros(0), "b": torch.ones(1, dtype=torch.complex64)})
    assert tensors_of(list(net.named_parameters())) == {}
