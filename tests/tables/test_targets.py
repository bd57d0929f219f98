"""Targets: encoded as the losses read them, decoded with names and index."""

import numpy as np
import pandas as pd
import pytest
import torch

from lampas.tables.infer import infer
from lampas.tables.targets import TargetCoder

X = np.linspace(0, 1, 40)
INDEX = pd.Index([7, 9])


def coder_of(wide=False, **targets):
    frame = pd.DataFrame({"x": X, **targets})
    return TargetCoder.fit(infer(frame, list(targets)), frame, wide), frame


def test_binary():
    coder, frame = coder_of(y=["no", "yes"] * 20)
    assert coder.outputs == 1
    assert coder.encode(frame)[:2].tolist() == [[0.0], [1.0]]
    found = coder.decode(torch.tensor([[-100.0], [0.1]]), INDEX)
    assert list(found.columns) == ["y", "probability of no", "probability of yes"]
    assert found["y"].to_dict() == {7: "no", 9: "yes"}
    assert found.loc[7, "probability of no"] == 1.0
    assert found.loc[9, "probability of yes"] == pytest.approx(0.5249792)


def test_binary_with_an_output_for_each_class():
    coder, frame = coder_of(wide=True, y=[3, 5] * 20)
    assert (coder.task, coder.outputs) == ("multiclass", 2)
    assert coder.encode(frame)[:2].tolist() == [0, 1]
    assert coder.decode(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), INDEX)["y"].tolist() == [5, 3]


def test_multiclass():
    coder, frame = coder_of(y=["b", "c", "a", "a"] * 10)
    targets = coder.encode(frame)
    assert (targets.dtype, targets[:3].tolist()) == (torch.int64, [1, 2, 0])
    found = coder.decode(torch.tensor([[0.0, 0.0, 9.0], [9.0, 0.0, 0.0]]), INDEX)
    assert found["y"].tolist() == ["c", "a"]
    np.testing.assert_allclose(found.iloc[:, 1:].sum(axis=1), 1.0)


def test_multilabel():
    coder, frame = coder_of(a=[0, 1] * 20, b=["no", "yes"] * 20)
    assert coder.task == "multilabel"
    assert coder.encode(frame)[:2].tolist() == [[0.0, 0.0], [1.0, 1.0]]
    found = coder.decode(torch.tensor([[9.0, -9.0], [-9.0, 9.0]]), INDEX)
    assert list(found.columns) == ["a", "b", "probability of a=1", "probability of b=yes"]
    assert found[["a", "b"]].to_numpy().tolist() == [[1, "no"], [0, "yes"]]


def test_regression_keeps_the_units():
    coder, frame = coder_of(a=1000 + 10 * X, b=X**2)
    assert coder.centre[0] == pytest.approx(1005.0)
    torch.testing.assert_close(
        coder.encode(frame), torch.tensor(frame[["a", "b"]].to_numpy()).float()
    )
    found = coder.decode(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), INDEX)
    assert found.to_dict("list") == {"a": [1.0, 3.0], "b": [2.0, 4.0]}
    assert list(found.index) == [7, 9]


@pytest.mark.parametrize(
    "targets", [{"y": [True, False] * 20}, {"y": X * 2}, {"y": [1, 2, 4, 2] * 10}]
)
def test_json_and_back(targets):
    coder, _ = coder_of(**targets)
    assert TargetCoder.from_json(coder.to_json()) == coder
