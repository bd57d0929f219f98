"""A net of the user's gets the shapes that it names, or one clear line."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from lampas import tabular
from lampas.errors import InputError, ShapeError
from lampas.own_net import wants_output_per_class
from lampas.tables.nets import TabularNet
from lampas.tables.own_net import Shapes, build, check_output, takes_parts

SHAPES = Shapes(inputs=9, numbers=5, cardinalities=[4], outputs=2, task="multiclass")


def refused(net, shapes=SHAPES):
    with pytest.raises(InputError) as caught:
        build(net, shapes)
    return str(caught.value)


class Parts(nn.Module):
    def __init__(self, n_numbers, cardinalities, classes, width=7):
        super().__init__()
        self.given = (n_numbers, cardinalities, classes, width)

    def forward(self, numbers, categories):
        return numbers[:, :2]


@pytest.mark.parametrize("inputs", ["inputs", "in_features", "n_inputs", "n_features"])
@pytest.mark.parametrize(
    "outputs", ["outputs", "out_features", "n_outputs", "classes", "n_classes", "num_classes"]
)
def test_shapes_by_name(inputs, outputs):
    scope = {"nn": nn}
    exec(f"def make({inputs}, {outputs}): return nn.Linear({inputs}, {outputs})", scope)
    net = build(scope["make"], SHAPES)
    assert (net.in_features, net.out_features) == (9, 2)
    assert wants_output_per_class(scope["make"]) == ("classes" in outputs)


def test_parts_and_defaults():
    net = build(Parts, SHAPES)
    assert net.given == (5, [4], 2, 7)
    assert takes_parts(net)
    assert not takes_parts(nn.Linear(1, 1))


def test_a_module_is_taken_as_it_is_and_none_is_the_built_in():
    net = nn.Linear(9, 2)
    assert build(net, SHAPES) is net
    assert not wants_output_per_class(net)
    assert isinstance(build(None, SHAPES), TabularNet)


def test_what_cannot_be_built():
    class Deep(nn.Module):
        def __init__(self, inputs, depth):
            super().__init__()

    assert refused(Deep) == (
        "Deep needs 'depth', which is no shape of a table: give it a default, or ask for one of "
        "inputs, in_features, n_inputs, n_features, numbers, n_numbers, cardinalities, outputs, "
        "out_features, n_outputs, classes, n_classes, num_classes"
    )
    assert refused(3) == "net is 3: pass a torch.nn.Module, its class, or a function"
    assert refused(lambda inputs: inputs) == "<lambda> returned a int, not a torch.nn.Module"
    numbers = Shapes(9, 5, [4], 1, "regression")
    assert refused(Parts, numbers) == (
        "Parts asks for classes, but the task is regression: ask for outputs"
    )


def test_an_output_of_another_width():
    with pytest.raises(ShapeError) as caught:
        check_output(nn.Linear(9, 3), torch.zeros(4, 9), 2)
    assert str(caught.value) == (
        "Linear returned (4, 3) for 4 rows, and these targets need (4, 2): "
        "let its constructor ask for outputs, or for classes"
    )
    check_output(nn.Linear(9, 2), torch.zeros(4, 9), 2)
    parts = {"numbers": torch.zeros(4, 5), "categories": torch.zeros(4, 1)}
    check_output(build(Parts, SHAPES), parts, 2)


class Wrong(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = nn.Linear(5, 8)

    def forward(self, x):
        return self.line(x)


class Image(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x):
        return self.conv(x)


class Silent(nn.Module):
    def forward(self, numbers, categories):
        raise NotImplementedError


class Lines(nn.Module):
    def forward(self, x):
        raise ValueError("no such width.\nand much more")


@pytest.mark.parametrize(
    ("net", "inputs", "start", "fix"),
    [
        (
            Wrong(),
            torch.zeros(2, 24),
            "Wrong.forward failed on a (2, 24) matrix: mat1 and mat2 shapes cannot be multiplied "
            "(2x24 and 5x8)",
            "take in_features in its constructor for the width",
        ),
        (
            Lines(),
            torch.zeros(2, 24),
            "Lines.forward failed on a (2, 24) matrix: no such width",
            "take in_features in its constructor for the width",
        ),
        (
            Silent(),
            {"numbers": torch.zeros(2, 5), "categories": torch.zeros(2, 1)},
            "Silent.forward failed on numbers (2, 5) and categories (2, 1): NotImplementedError",
            "take n_numbers and cardinalities in its constructor for the widths",
        ),
    ],
)
def test_a_net_that_cannot_read_the_rows(net, inputs, start, fix):
    with pytest.raises(InputError) as caught:
        check_output(net, inputs, 2)
    assert str(caught.value) == f"{start}: {fix}"
    assert isinstance(caught.value.__cause__, Exception)
    assert net.training


def test_a_net_for_images_gets_the_line_of_torch():
    with pytest.raises(InputError) as caught:
        check_output(Image(), torch.zeros(2, 24), 2)
    line = str(caught.value)
    assert line.startswith("Image.forward failed on a (2, 24) matrix: Expected 3D")
    assert line.endswith(": take in_features in its constructor for the width")
    assert "\n" not in line
    assert str(caught.value.__cause__).startswith("Expected 3D")


def test_tabular_says_so_too():
    frame = pd.DataFrame({name: np.arange(40.0) ** 2 / 7 for name in "abcdy"})
    with pytest.raises(InputError) as caught:
        tabular(frame, "y", net=Wrong, epochs=1, verbose=0)
    assert str(caught.value).startswith("Wrong.forward failed on a (")
    assert isinstance(caught.value.__cause__, RuntimeError)
