from collections import namedtuple

import pytest
import torch

from lampas.errors import InputError
from lampas.export.outputs import as_written, named_outputs

ONE = torch.ones(1)
Pair = namedtuple("Pair", ["mean", "deviation"])


@pytest.mark.parametrize(
    ("outputs", "names"),
    [
        (ONE, ["output"]),
        ((ONE, ONE), ["output_0", "output_1"]),
        ([ONE, (ONE, ONE)], ["output_0", "output_1_0", "output_1_1"]),
        ({"b": ONE, "a": ONE}, ["b", "a"]),
        ({"a": (ONE, None, ONE), 3: ONE}, ["a_0", "a_2", "3"]),
        (Pair(ONE, ONE), ["mean", "deviation"]),
    ],
)
def test_names(outputs, names):
    assert list(named_outputs(outputs)) == names
    assert len(as_written(outputs)) == len(names)


def test_given_names_come_first():
    assert list(named_outputs(ONE, ["probabilities"])) == ["probabilities"]


def test_a_name_that_is_taken_gets_more():
    outputs = {"x": ONE, "a_0": ONE, "a": (ONE,)}
    assert list(named_outputs(outputs, inputs=["x"])) == ["x_output", "a_0", "a_0_output"]


def test_what_is_no_tensor_is_named():
    with pytest.raises(InputError) as caught:
        named_outputs({"a": ONE, "n": 3})
    assert str(caught.value) == (
        "forward returns 3 as n, and a file's outputs are tensors: return tensors, or tuples and "
        "dicts of them, alone"
    )
