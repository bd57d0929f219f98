import sys

import pytest
import typer

import lampas
from lampas.cli import report


@pytest.fixture(scope="module")
def fitted(tables):
    return lampas.tabular(tables / "train.csv", "bought", epochs=2, verbose=0)


def test_an_interrupted_training_ends_with_130(fitted, monkeypatch, capsys):
    report.require_an_epoch(fitted)
    report.end(fitted)
    monkeypatch.setattr(fitted.model.history, "stopped", "interrupted in epoch 3, step 2")
    report.require_an_epoch(fitted)
    with pytest.raises(typer.Exit) as ended:
        report.end(fitted)
    assert ended.value.exit_code == 130
    assert capsys.readouterr().err == (
        "Interrupted in epoch 3, step 2: what was best by then is saved\n"
    )
    monkeypatch.setattr(fitted.model.history, "rows", [])
    with pytest.raises(typer.Exit) as ended:
        report.require_an_epoch(fitted)
    assert ended.value.exit_code == 130
    assert capsys.readouterr().err == (
        "Interrupted before the first epoch ended: nothing was saved\n"
    )


def test_the_training_in_words(fitted, capsys):
    report.training(fitted, 1.25, sys.stdout)
    out = capsys.readouterr().out
    best = int(fitted.history.best["epoch"])
    assert out.startswith(f"2 epochs in 1.2s; the weights are those of epoch {best}\n\nloss")


def test_whereabouts_quote_what_a_shell_would_split(tmp_path):
    folder = tmp_path / "my run"
    folder.mkdir()
    assert f"lampas evaluate '{folder}' OTHER.csv --model 'my nets.py:Net'\n" in (
        report.whereabouts(folder, folder, "my nets.py:Net", ["evaluate RUN OTHER.csv"])
    )
