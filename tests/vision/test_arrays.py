"""Images and targets in memory: what they may be, and what is said of what they may not."""

import numpy as np
import pandas as pd
import pytest
import torch

from lampas.errors import DataError, InputError, ShapeError
from lampas.vision.arrays import frame_of, is_images, is_pair, pixels_of

X = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)


@pytest.mark.parametrize("given", [X, X.transpose(0, 3, 1, 2), torch.from_numpy(X)])
def test_channels_may_stand_first_or_last(given):
    pixels = pixels_of(given)
    assert pixels.shape == (2, 3, 4, 5)
    assert torch.equal(pixels[np.array([1])], torch.from_numpy(X[1:]).permute(0, 3, 1, 2))


def test_grey_images_need_no_channels():
    assert pixels_of(X[..., 0]).shape == (2, 1, 4, 5)
    assert pixels_of(X[..., :1]).shape == (2, 1, 4, 5)


def test_nothing_is_copied():
    x = X.copy()
    pixels = pixels_of(x)
    x[0, 0, 0, 0] = 255
    assert pixels[np.array([0])][0, 0, 0, 0] == 255


@pytest.mark.parametrize(
    ("x", "line"),
    [
        (
            X / 255,
            "x is float64: pass images as uint8 from 0 to 255; from 0 to 1 they become so by "
            "(255 * x).round().astype('uint8')",
        ),
        (X[:0], "x holds no image: its shape is (0, 4, 5, 3)"),
        (
            np.zeros((2, 4, 5, 4), np.uint8),
            "x has the shape (2, 4, 5, 4): pass (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 "
            "or 3 channels",
        ),
        (
            X[0, 0],
            "x has the shape (5, 3): pass (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 or 3 "
            "channels",
        ),
    ],
)
def test_what_is_no_images(x, line):
    with pytest.raises(InputError) as caught:
        pixels_of(x)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("y", "names", "columns"),
    [
        (["a", "b"], None, ["target"]),
        (torch.tensor([[1], [0]]), None, ["target"]),
        (np.zeros((2, 2)), None, ["target 1", "target 2"]),
        (np.zeros((2, 2)), ["left", "right"], ["left", "right"]),
        (pd.Series([1, 2], name="age", index=[7, 8]), None, ["age"]),
        (pd.Series([1, 2]), "size", ["size"]),
        (pd.DataFrame({"u": [1, 2], 3: [1, 2]}), None, ["u", "3"]),
    ],
)
def test_targets_become_columns(y, names, columns):
    frame = frame_of(y, 2, names)
    assert frame.columns.tolist() == columns
    assert frame.index.tolist() == [0, 1]


def test_targets_that_do_not_fit():
    with pytest.raises(DataError) as caught:
        frame_of([1, 2, 3], 2, None)
    assert str(caught.value) == "x has 2 images and y 3 targets: pass one for each image"
    with pytest.raises(DataError) as caught:
        frame_of([1, 2], 2, ["a", "b"])
    assert str(caught.value) == "targets names 2 columns and y has 1: name each of them"
    with pytest.raises(ShapeError) as caught:
        frame_of(np.zeros((2, 2, 2)), 2, None)
    assert str(caught.value) == (
        "y has the shape (2, 2, 2): pass (N,), or (N, T) for several targets"
    )


def test_pairs_are_told_from_paths():
    assert is_pair((X, [0, 1]))
    assert not is_pair(("a.png", "b.png"))
    assert not is_pair([X, [0, 1]])
    assert not is_images(pd.DataFrame({"image": ["a.png"]}))
