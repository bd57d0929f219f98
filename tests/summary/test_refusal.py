import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.summary import summarize
from lampas.summary.refusal import explain, tree_up_to


def test_the_tree_ends_where_it_went_wrong() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(5, 2)), nn.ReLU())
    with pytest.raises(InputError) as caught:
        summarize(net, (3,))
    assert str(caught.value).startswith(
        "layer '1.1' (Linear) got (2, 4) float32 and takes (*, 5); its weight is (2, 5): "
    )
    (tree,) = caught.value.__notes__
    assert tree.splitlines() == [
        "layer  type        output",
        "(net)  Sequential",
        "  0    Linear      (2, 4)",
        "  1    Sequential",
        "    0  ReLU        (2, 4)",
        "    1  Linear      here",
    ]


def test_outputs_of_any_form_are_shown() -> None:
    net = nn.Sequential(nn.LSTM(2, 3), nn.ReLU())
    outputs = {"0": (torch.Size([2, 3]), None)}
    assert tree_up_to(net, "0", outputs).splitlines()[-1] == "  0    LSTM        here"
    assert tree_up_to(net, "1", outputs).splitlines()[-2] == "  0    LSTM        [(2, 3), None]"


def test_the_first_parameter_is_named_and_an_error_without_words() -> None:
    assert explain(ValueError(), "a", nn.PReLU(), (torch.ones(2), 3)) == (
        "layer 'a' (PReLU) got (2,) float32, int; its weight is (1,): ValueError"
    )
    assert explain(ValueError("no"), "", None, ()) == "the net (net) got no input: no"
