import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from lampas.evidence import Evidence, plain_rows, png_of
from lampas.tables.targets import TargetCoder


def classes(task: Any = "multiclass") -> Evidence:
    names = ("a", "b", "c") if task == "multiclass" else ("a", "b")
    coder = TargetCoder(task, ("y",), (names,), (), ())
    truth = pd.DataFrame({"y": ["b", "a", "c", "b"], "x": range(4)}, index=[7, 8, 9, 10])
    outputs = torch.tensor([[0.0, 9.0, 0.0], [5.0, 0.0, 0.0], [0.0, 1.0, 0.5], [7.0, 0.0, 0.0]])
    return Evidence.of(coder, truth, coder.decode(outputs, truth.index), lambda places: [])


def test_classes_beside_what_they_were_given() -> None:
    found = classes()
    assert len(found) == 4
    assert found.codes().tolist() == [1, 0, 2, 1]
    assert found.probabilities().shape == (4, 3)
    np.testing.assert_allclose(found.probabilities().sum(1), 1)
    assert list(found.table()) == [
        "true y", "y", "probability of a", "probability of b", "probability of c",
    ]  # fmt: skip
    assert found.table().index.tolist() == [7, 8, 9, 10]
    assert found.worst().tolist() == [3, 2]  # the surest first; what was right is left out
    assert found.worst(1).tolist() == [3]


def test_numbers_are_far_off_in_units_of_their_spread() -> None:
    coder = TargetCoder("regression", ("y", "z"), (), (0.0, 0.0), (1.0, 1.0))
    truth = pd.DataFrame({"y": [0.0, 1000.0, 2000.0], "z": [0.0, 1.0, 2.0]})
    said = torch.tensor([[0.0, 0.0], [1500.0, 1.0], [2000.0, 4.0]])
    found = Evidence.of(coder, truth, coder.decode(said, truth.index), lambda places: [])
    assert found.worst().tolist() == [2, 1]


def test_several_labels() -> None:
    coder = TargetCoder("multilabel", ("y", "z"), (("no", "yes"), ("no", "yes")), (), ())
    truth = pd.DataFrame({"y": ["yes", "no", "no"], "z": ["no", "no", "yes"]})
    said = torch.tensor([[3.0, -3.0], [9.0, -9.0], [-3.0, -1.0]])
    found = Evidence.of(coder, truth, coder.decode(said, truth.index), lambda places: [])
    assert found.worst().tolist() == [1, 2]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_is_a_png(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (channels, 4, 6), dtype=np.uint8)
    again = np.asarray(Image.open(io.BytesIO(png_of(pixels))))
    assert np.array_equal(again, pixels[0] if channels == 1 else pixels.transpose(1, 2, 0))


def test_rows_as_dicts() -> None:
    frame = pd.DataFrame({"a b": [1, 2], 3: ["x", "y"]})
    assert plain_rows(frame) == [{"a b": 1, "3": "x"}, {"a b": 2, "3": "y"}]
