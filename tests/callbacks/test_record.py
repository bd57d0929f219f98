"""The record of a plain `fit`, and the page that is made of it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lampas
from lampas.callbacks import EarlyStopping, Record
from lampas.errors import InputError
from lampas.page import write_page


def _data() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    x = torch.randn(120, 2)
    return x, (x[:, 0] + 0.5 * torch.randn(120) > 0).long()


def _fit(*callbacks: Any, epochs: int = 3, model: lampas.Model | None = None) -> lampas.Model:
    x, y = _data()
    if model is None:
        model = lampas.Model(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2)))
        model.compile("adam", "cross_entropy", ["accuracy"])
    model.fit(x, y, epochs=epochs, validation_data=(x, y), verbose=0, callbacks=list(callbacks),
              initial_epoch=len(model.history))  # fmt: skip
    return model


def test_a_record_holds_what_the_page_shows(tmp_path: Path) -> None:
    model = _fit(Record(tmp_path, held_out=_data(), classes=["left", "right"]))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "evidence.json", "held_out.csv", "history.csv", "run.json", "summary.txt", "vitals.csv",
    ]  # fmt: skip
    about = json.loads((tmp_path / "run.json").read_text())
    assert about["state"] == "ended"
    assert about["settings"]["optimizer"] == "Adam"
    assert about["settings"]["batch_size"] == 32
    assert about["memory_by_part"]["parameters"] == 4 * (2 * 8 + 8 + 8 * 2 + 2)
    assert about["memory_by_part"]["activations"] > 32 * 8 * 4
    assert about["metrics"]["loss"] == model.history.best["val_loss"]
    assert about["training_metrics"]["loss"] == model.history.best["loss"]
    kept = pd.read_csv(tmp_path / "held_out.csv", index_col=0)
    x, y = _data()
    shares = model.predict(x).softmax(1)
    assert kept["true class"].tolist() == [["left", "right"][code] for code in y]
    assert kept["probability of right"].to_numpy() == pytest.approx(shares[:, 1].numpy(), abs=1e-6)
    text = write_page(tmp_path).read_text()
    for words in ("Confusion matrix", "Where the time went", "gradient norm", "learning rate",
                  "What training holds in memory", "x[0]", "The worst mistakes"):  # fmt: skip
        assert words in text


def test_what_is_judged_is_what_fit_leaves(tmp_path: Path) -> None:
    """The record stands first, and yet looks when the best weights are back."""
    record = Record(tmp_path, held_out=_data())
    model = _fit(record, EarlyStopping("val_accuracy", patience=1, verbose=0), epochs=60)
    kept = pd.read_csv(tmp_path / "held_out.csv", index_col=0)
    said = model.predict(_data()[0]).softmax(1)[:, 1]
    assert kept["probability of 1"].to_numpy() == pytest.approx(said.numpy(), abs=1e-6)


def test_a_second_run_goes_into_a_folder_of_its_own(tmp_path: Path, capsys: Any) -> None:
    record = Record(tmp_path)
    _fit(record)
    model = _fit(record)
    assert capsys.readouterr().err == (
        f"Record: {tmp_path} holds another run; this goes into {tmp_path / '2'}\n"
    )
    assert lampas.History.from_csv(tmp_path / "2" / "history.csv").rows == model.history.rows


def test_a_run_that_is_continued_goes_on_in_its_folder(tmp_path: Path, capsys: Any) -> None:
    record = Record(tmp_path)
    model = _fit(record)
    _fit(record, epochs=5, model=model)
    assert capsys.readouterr().err == ""
    kept = lampas.History.from_csv(tmp_path / "history.csv")
    assert kept.epoch == [1, 2, 3, 4, 5]
    assert json.loads((tmp_path / "run.json").read_text())["epochs"] == 5


def test_two_writers_at_once(tmp_path: Path, capsys: Any) -> None:
    def begin_another(event: lampas.Event) -> None:
        if event.epoch == 2:
            _fit(Record(tmp_path))

    _fit(Record(tmp_path), begin_another)
    assert capsys.readouterr().err == (
        f"Record: {tmp_path} is being written by another program; this goes into {tmp_path / '2'}\n"
    )
    for folder in (tmp_path, tmp_path / "2"):
        assert json.loads((folder / "run.json").read_text())["epochs"] == 3


def test_an_error_in_the_run_is_shown_as_one(tmp_path: Path) -> None:
    def fail(event: lampas.Event) -> None:
        if event.epoch == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _fit(Record(tmp_path, held_out=_data()), fail)
    about = json.loads((tmp_path / "run.json").read_text())
    assert (about["state"], about["epochs"]) == ("failed", 2)
    assert "The run ended in an error" in write_page(tmp_path).read_text()
    assert not (tmp_path / "held_out.csv").exists()


def test_held_out_samples_that_cannot_be_judged_cost_nothing_else(
    tmp_path: Path, capsys: Any
) -> None:
    model = _fit(Record(tmp_path, held_out=(torch.zeros(4, 3), torch.zeros(4).long())))
    assert capsys.readouterr().err.startswith(f"Record: not all of the run is kept in {tmp_path}: ")
    assert len(model.history) == 3
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "ended"


def test_what_cannot_be_judged_is_refused_before_any_training(tmp_path: Path) -> None:
    model = lampas.Model(nn.Linear(2, 2))
    model.compile("sgd", lambda y_pred, y_true: ((y_pred - y_true[:, None]) ** 2).mean())
    with pytest.raises(InputError, match=r"^held-out samples are judged where one loss of torch"):
        _fit(Record(tmp_path, held_out=_data()), model=model)
    assert len(model.history) == 0
    with pytest.raises(InputError, match=r"^classes has 'a' twice"):
        Record(tmp_path, held_out=_data(), classes=["a", "a"])


def test_a_run_that_fails_in_its_first_epoch_has_a_page(tmp_path: Path) -> None:
    x, y = _data()
    model = lampas.Model(nn.Linear(2, 2))
    model.compile("sgd", "cross_entropy")
    x[100] = float("nan")
    loader = DataLoader(TensorDataset(x, y), 32)
    with pytest.raises(lampas.errors.NonFiniteError):
        model.fit(loader, verbose=0, callbacks=Record(tmp_path))
    about = json.loads((tmp_path / "run.json").read_text())
    assert (about["state"], about["epochs"]) == ("failed", 0)
    assert about["settings"]["optimizer"] == "SGD"
    text = write_page(tmp_path).read_text()
    assert "The run ended in an error: NonFiniteError: the loss is nan in epoch 1" in text


def test_scores_of_the_training_are_called_so(tmp_path: Path) -> None:
    x, y = _data()
    model = lampas.Model(nn.Linear(2, 2))
    model.compile("sgd", "cross_entropy")
    model.fit(x, y, verbose=0, callbacks=Record(tmp_path))
    text = write_page(tmp_path).read_text()
    assert "Scores on the training data" in text
    assert "held-out" not in text
    assert json.loads((tmp_path / "run.json").read_text())["metrics"] == {}


def test_dict_inputs_have_a_summary(tmp_path: Path) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(2, 1)

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return self.inner(a + b)

    x = torch.randn(20, 2)
    model = lampas.Model(Net())
    model.compile("sgd", "mse")
    model.fit({"a": x, "b": x}, x[:, :1], verbose=0, callbacks=Record(tmp_path))
    assert "(B, 2)" in (tmp_path / "summary.txt").read_text()


def test_settings_that_no_table_shows() -> None:
    with pytest.raises(InputError, match=r"^Record: hparams\['a'\] is of type list"):
        Record("x", settings={"a": [1]})  # pyright: ignore[reportArgumentType]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Record cannot write in"):
        _fit(Record(tmp_path / "file" / "run"))
