import math
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import lampas
from lampas.history import History
from lampas.record.about import command, described, ended, failure, scores_of


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (["/a/bin/lampas", "train", "my data.csv"], "lampas train 'my data.csv'"),
        (["train.py", "--lr", "0.1"], "python train.py --lr 0.1"),
        ([""], "python -"),
    ],
)
def test_the_command(typed: list[str], shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", typed)
    assert command() == shown


def test_the_best_epoch_or_the_last() -> None:
    rows = [{"loss": 0.5}, {"loss": 0.25}, {"loss": 0.75}]
    assert History.from_rows(rows).best_epoch == 2
    assert scores_of(History.from_rows(rows)) == {"metrics": {}, "training_metrics": {"loss": 0.25}}
    both = [{"loss": 0.5, "val_loss": 0.75, "lr": 0.1, "accuracy": 0.9, "val_accuracy": 0.8}]
    assert scores_of(History.from_rows(both)) == {
        "metrics": {"loss": 0.75, "accuracy": 0.8},
        "training_metrics": {"loss": 0.5, "accuracy": 0.9},
    }
    broken = History.from_rows([{"loss": math.nan}])
    assert broken.best_epoch is None
    assert list(scores_of(broken)["training_metrics"]) == ["loss"]
    assert History().best_epoch is None


def test_what_json_has_not(tmp_path: Path) -> None:
    about = ended(History(), {"a": 1}, {"metrics": {"loss": math.nan}})
    assert failure(ValueError("one\ntwo")) == {"state": "failed", "error": "ValueError: one"}
    assert about["metrics"] == {"loss": None}
    assert about["versions"]["torch"] == torch.__version__


def test_memory_for_a_batch(tmp_path: Path) -> None:
    summary = lampas.summarize(nn.Linear(4, 2), (4,), optimizer="sgd")
    found = described(tmp_path, summary, 8)["memory_by_part"]
    assert found["parameters"] == found["gradients"] == 40
    assert found["optimiser"] == 0
    assert (tmp_path / "summary.txt").read_text().startswith("layer ")
    assert described(tmp_path, summary, None) == {}
