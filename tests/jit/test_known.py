"""What was compiled before."""

from pathlib import Path

import pytest
import torch
from torch import nn

import lampas
from lampas.cache import cache_folder
from lampas.jit.known import is_known, remember, saved_before


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


def test_what_was_saved_is_known_where_it_was_measured() -> None:
    cache_folder("compiled").mkdir(parents=True)
    remember(_model())
    assert saved_before(_model()) is None
    remember(_model(), 0.65)
    assert saved_before(_model()) == 0.65
    remember(_model())  # by a run that measured nothing
    assert saved_before(_model()) == 0.65
    assert saved_before(_model(4)) is None
    remember(_model(), -0.3)
    assert saved_before(_model()) is None


def test_without_a_cache_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path / "file"))
    remember(_model(), 0.5)
    assert not is_known(_model())
    assert saved_before(_model()) is None


def test_a_run_that_was_to_compile_leaves_its_sign(uncompiled: list[int]) -> None:
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("sgd", "mse", jit=True)
    x = torch.randn(8, 3)
    cache_folder("compiled").mkdir(parents=True)  # as compiling does
    assert not is_known(model)
    model.fit(x, x.sum(1, keepdim=True), batch_size=4, epochs=2, verbose=0)
    assert uncompiled
    assert is_known(model)
