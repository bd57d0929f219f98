"""What was compiled before."""

from pathlib import Path

import pytest
from torch import nn

import lampas
from lampas.cache import cache_folder
from lampas.jit.known import is_known, remember


def _model(width: int = 3, optimizer: str = "adam") -> lampas.Model:
    model = lampas.Model(nn.Linear(width, 1))
    model.compile(optimizer, "mse")
    return model


def test_a_model_is_known_again_and_another_is_not() -> None:
    cache_folder("compiled").mkdir(parents=True)
    assert not is_known(_model())
    remember(_model())
    assert is_known(_model())
    assert not is_known(_model(4))
    assert not is_known(_model(optimizer="sgd"))


def test_without_a_cache_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path / "file"))
    remember(_model())
    assert not is_known(_model())
