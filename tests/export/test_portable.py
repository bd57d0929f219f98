import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.export.portable import Portable, portable_of


class Several(nn.Module):
    def forward(self, first, *rest, last=None):
        return first


def test_inputs_have_the_names_of_forwards_parameters():
    one = torch.ones(2)
    assert portable_of(nn.LSTM(1, 1), [one], {}).names == ("input",)
    assert portable_of(Several(), [one, one, one], {"last": one}).names == (
        "first", "input_1", "input_2", "last",
    )  # fmt: skip


def test_what_is_no_tensor_is_named():
    with pytest.raises(InputError) as caught:
        portable_of(Several(), [torch.ones(2)], {"last": {"a": torch.ones(2)}})
    assert str(caught.value) == (
        "the input last is a dict: a file's inputs are tensors, each an argument of forward of its "
        "own"
    )


def test_rows_and_columns_begin_again():
    net = nn.Identity()
    ids = torch.tensor([[1, 2], [3, 4]])
    portable = Portable(net, net, (ids,), names=("ids",), axes={"ids": {1: "length"}})
    (found,), named = portable.sized({"batch": 3, "length": 5})
    assert found.tolist() == [[1, 2, 1, 2, 1], [3, 4, 3, 4, 3], [1, 2, 1, 2, 1]]
    assert named == {}
    assert portable.sized({"batch": 1, "length": 1})[0][0].tolist() == [[1]]


def test_the_copy_is_in_evaluation_mode_and_another():
    net = nn.Dropout().train()
    copied = portable_of(net, [torch.ones(1, requires_grad=True)], {}).copied()
    assert net.training
    assert not copied.net.training
    assert not copied.args[0].requires_grad


def test_a_net_that_cannot_be_copied_says_so():
    net = nn.Linear(1, 1)
    net.generator = (one for one in ())
    with pytest.raises(InputError, match=r"^export traces a copy of the net, and Linear cannot be"):
        portable_of(net, [torch.ones(1, 1)], {}).copied()
