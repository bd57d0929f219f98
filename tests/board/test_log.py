from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.board import log
from lampas.errors import InputError


@pytest.fixture
def model() -> lampas.Model:
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("sgd", "mse")
    return model


def test_training_and_validation_have_one_chart(
    model: lampas.Model, tmp_path: Path, read: Any
) -> None:
    one = log.Log(tmp_path, model)
    one.epoch(1, {"epoch": 1, "loss": 0.5, "val_loss": 0.75, "lr": 0.1})
    one.epoch(2, {"epoch": 2, "loss": 0.25})
    one.close()
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    assert [event.value for event in train.Scalars("epoch/loss")] == [0.5, 0.25]
    assert [event.step for event in validation.Scalars("epoch/loss")] == [1]
    assert train.Tags()["scalars"] == ["epoch/loss", "epoch/lr"]
    assert validation.Tags()["scalars"] == ["epoch/loss"]


def test_running_numbers_are_read_now_and_then(
    model: lampas.Model, tmp_path: Path, read: Any
) -> None:
    one = log.Log(tmp_path, model)
    one.begin_epoch()
    for step in range(1, 6):
        one.take_step(step, step, {"loss": torch.tensor(0.5)}, {"loss": 0.5, "accuracy": 0.25})
    one.close()
    found = read(tmp_path / "train")
    assert len(found.Scalars("step/loss")) == 5
    assert [event.step for event in found.Scalars("running/accuracy")] == [1]


def test_many_weights_are_sent_before_it_is_time(
    model: lampas.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "SEND_BYTES", 100)
    one = log.Log(tmp_path, model)
    one.send()
    one.begin_epoch()
    sent: list[int] = []
    monkeypatch.setattr(one._scribe, "values", lambda _, several: sent.append(len(several)))
    for epoch in range(20):
        one.histograms(epoch)
        one.send_if_due()
    assert sent == [9, 9]  # three floats an epoch
    one.close()
    assert sent == [9, 9, 2]


def test_without_a_call_there_is_no_graph(model: lampas.Model, tmp_path: Path) -> None:
    one = log.Log(tmp_path, model)
    with pytest.raises(InputError, match=r"^no graph is drawn, for the model was not called "):
        one.graph()
    one.drop()
    assert not model._forward_pre_hooks
