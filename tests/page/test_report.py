"""`lampas.report`, of all it takes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import lampas
from lampas.callbacks import Record
from lampas.errors import ArtifactError, InputError


def _model() -> lampas.Model:
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("sgd", "mse", ["mae"])
    return model


X = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))


def test_a_model_of_one_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = _model()
    with pytest.raises(InputError, match=r"^the model was not fitted: there is nothing to report$"):
        lampas.report(model)
    model.fit(X, X[:, :1], epochs=2, verbose=0)
    assert lampas.report(model, held_out=(X, X[:, :1])) == Path("report.html")
    text = Path("report.html").read_text()
    assert "<title>report</title>" in text
    for words in ("2 epochs", "60 held-out samples", "rmse", "residual", "SGD"):
        assert words in text
    assert sorted(tmp_path.iterdir()) == [tmp_path / "report.html"]


def test_a_fitted_net(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"a": draw.normal(size=80)}).assign(y=lambda at: 2 * at["a"])
    fitted = lampas.tabular(frame, "y", epochs=2, verbose=0)
    text = lampas.report(fitted, tmp_path / "mine.html").read_text()
    assert "16 held-out samples" in text
    with pytest.raises(InputError, match=r"^held_out is for a lampas.Model, and this is a fitted"):
        lampas.report(fitted, held_out=(X, X))


def test_a_folder(tmp_path: Path) -> None:
    _model().fit(X, X[:, :1], epochs=2, verbose=0, callbacks=Record(tmp_path))
    assert lampas.report(tmp_path) == tmp_path / "report.html"
    assert lampas.report(str(tmp_path), tmp_path / "x.html").is_file()
    with pytest.raises(ArtifactError, match="holds no run"):
        lampas.report(tmp_path / "none")
    with pytest.raises(InputError, match=r"^a list cannot be reported: pass the folder of a run"):
        lampas.report([])  # pyright: ignore[reportArgumentType]


def test_a_folder_of_a_newer_lampas(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format": 99}')
    with pytest.raises(ArtifactError) as caught:
        lampas.report(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} was written by another version of Lampas (format 99; this one reads up to "
        "1): use that version, or a newer one"
    )
