"""Each thing that a net may do and a file cannot, in one line."""

import os

import pytest
import torch

import lampas
from lampas.errors import InputError
from lampas.export.why import why


def by_values(layer, x):
    return layer(x) if x.sum() > 0 else -layer(x)


def by_size(layer, x):
    return layer(x) if x.shape[0] > 2 else -layer(x)


def by_length(layer, x):
    return layer(x) * len(x)


def over_rows(layer, x):
    return torch.stack([layer(row) for row in x])


def fixed(layer, x):
    return layer(x).reshape(3, 2)


def numpys(layer, x):
    return layer(torch.from_numpy(x.numpy() * 2))


def lost(layer, x):
    return layer.there_is_no_such_thing(x)


FIXED = (
    "Own cannot be exported: forward fixes the batch to the 3 that it was traced with: take -1 or "
    "x.shape[0] in reshape and view, and no len(x), no loop over rows"
)
LINES = {
    by_values: "Own cannot be exported: forward decides by the values of a tensor, and a file "
    "holds one way: write torch.where, without if, .item() and int() {place}",
    by_size: "Own cannot be exported: forward takes another way where the batch has another size "
    "(this one holds for 3 <= batch): leave the branch out",
    by_length: FIXED,
    over_rows: FIXED,
    fixed: "Own cannot read x (1, 4) float32: shape '[3, 2]' is invalid for input of size 2 "
    "{place}",
    numpys: "Own cannot be exported: forward leaves torch for NumPy, where no file can follow: "
    "write it with tensors {place}",
    lost: "Own cannot read x (3, 4) float32: 'Linear' object has no attribute "
    "'there_is_no_such_thing' {place}",
}


@pytest.mark.parametrize("function", LINES)
def test_in_one_line(own, function, tmp_path, capfd):
    with pytest.raises(InputError) as caught:
        lampas.Model(own(function)).export(tmp_path / "m.pt2", torch.ones(1, 4))
    place = f"(test_why.py, line {function.__code__.co_firstlineno + 1})"
    assert str(caught.value) == LINES[function].format(place=place)
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("function", "operator"),
    [
        (lambda layer, x: torch.linalg.svd(layer(x), full_matrices=False)[1], "aten._linalg_svd"),
        (lambda layer, x: layer(x)[torch.randperm(x.shape[0])], "aten.randperm"),
    ],
)
def test_what_onnx_has_not(own, function, operator, tmp_path, capfd):
    pytest.importorskip("onnxruntime")
    with pytest.raises(InputError) as caught:
        lampas.Model(own(function)).export(tmp_path / "m.onnx", torch.ones(1, 4))
    assert str(caught.value) == (
        f"Own cannot be exported to ONNX: ONNX has no operator for {operator}: export to .pt2, or "
        "write it with others"
    )
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr() == ("", "")


def test_an_error_that_says_nothing_has_its_class():
    assert why(KeyboardInterrupt()) == "KeyboardInterrupt"
    assert why(ValueError("\x1b[96mfirst\x1b[0m line.\nsecond")) == "first line"
