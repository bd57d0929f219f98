"""A run with compiled steps that is cut off ends with the same bits."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas

X = torch.linspace(0, 1, 66).reshape(22, 3)
Y = X.sum(1, keepdim=True)


class CutError(Exception):
    pass


class Cuts(lampas.Callback):
    hears = frozenset({"step"})

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, event: lampas.Event) -> None:
        self.left -= 1
        if self.left == 0:
            raise CutError


def _run(folder: Path | None, cut: int = 0) -> lampas.Model:
    lampas.seed(0)
    net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.25),
                        nn.Linear(8, 1))  # fmt: skip
    model = lampas.Model(net)
    model.compile(torch.optim.Adam(model.parameters(), lr=0.01), "mse", jit=True)
    given: dict[str, Any] = {} if folder is None else {"checkpoint": folder, "every": "2 steps"}
    model.fit(X, Y, batch_size=5, epochs=4, verbose=0, callbacks=Cuts(cut), **given)
    return model


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 9])
def test_same_bits(cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lampas.jit.sources.compiled", lambda graph, tensors, name: graph)
    whole = _run(None)
    with pytest.raises(CutError):
        _run(tmp_path, cut)
    resumed = _run(tmp_path)
    assert resumed.history.rows == whole.history.rows
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name
