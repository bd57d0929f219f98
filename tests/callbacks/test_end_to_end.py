"""The callbacks in real runs of `lampas.Model.fit`."""

import math
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch import nn

import lampas
from lampas.callbacks import (
    Checkpoint,
    CSVLog,
    EarlyStopping,
    Event,
    NotebookCurve,
    ReduceLROnPlateau,
    Stop,
    StopOnNaN,
    TimeLimit,
)
from lampas.errors import InputError, NonFiniteError, UnknownNameError

X = torch.linspace(-1, 1, 64).reshape(-1, 1)
Y = 3 * X + 1


def _model(lr: float = 0.1, norm: bool = True, **options: Any) -> lampas.Model:
    torch.manual_seed(0)
    middle = nn.BatchNorm1d(4) if norm else nn.Tanh()
    model = lampas.Model(nn.Sequential(nn.Linear(1, 4), middle, nn.Linear(4, 1)))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model.compile(optimizer, nn.MSELoss(), metrics=["mae"], **options)
    return model


def _fit(model: lampas.Model, callbacks: Any, epochs: int = 6, **options: Any) -> lampas.History:
    options = {"validation_data": (X, Y), "verbose": 0, **options}
    return model.fit(X, Y, batch_size=16, epochs=epochs, callbacks=callbacks, **options)


class Snapshots:
    """Every epoch's weights, copied."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, torch.Tensor]] = []

    def __call__(self, event: Event) -> None:
        self.epochs.append({k: v.clone() for k, v in event.model.state_dict().items()})


def test_early_stopping_restores_the_best_epochs_bits() -> None:
    # A rate that is too high: the loss goes down, then away.
    model, snapshots = _model(lr=0.4), Snapshots()
    stopping = EarlyStopping(patience=3)
    history = _fit(model, [snapshots, stopping], epochs=60)
    best = int(history.best["epoch"])
    assert len(history) == best + 3 < 60
    assert stopping.stopped_epoch == len(history)
    assert history.stopped is not None
    assert history.stopped.startswith("EarlyStopping: val_loss has not improved for 3 epochs;")
    for name, value in model.state_dict().items():
        assert torch.equal(value, snapshots.epochs[best - 1][name])
    assert model.evaluate(X, Y)["loss"] == pytest.approx(history.best["val_loss"], rel=1e-5)


def test_a_monitor_that_is_not_there_costs_one_epoch() -> None:
    model = _model()
    with pytest.raises(UnknownNameError) as caught:
        _fit(model, EarlyStopping("val_accuracy"))
    assert str(caught.value) == (
        "unknown EarlyStopping monitor 'val_accuracy': did you mean 'val_mae'? "
        "Valid: loss, mae, val_loss, val_mae"
    )
    assert len(model.history) == 1


def test_validation_every_other_epoch_is_waited_for() -> None:
    history = _fit(_model(lr=0.0, norm=False), EarlyStopping(patience=1), validation_freq=2)
    assert history.epoch == [1, 2, 3, 4]


def test_checkpoints_appear_and_hold_the_model(tmp_path: Path) -> None:
    model = _model()
    callbacks = [
        Checkpoint(tmp_path),
        Checkpoint(tmp_path, save="last"),
        Checkpoint(tmp_path / "{epoch:02d}-{val_loss:.4f}.lampas", save="every", every=4),
    ]
    history = _fit(model, callbacks)
    named = [f"{e:02d}-{history.rows[e - 1]['val_loss']:.4f}.lampas" for e in (4, 6)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *named,
        "best.lampas",
        "last.lampas",
    ]
    back = lampas.load(tmp_path / "last.lampas", _model().net)
    assert torch.equal(back.predict(X), model.predict(X))


def test_an_unwritable_folder_is_told_before_the_first_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    model = _model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(InputError, match=r"^Checkpoint cannot write in "):
        _fit(model, Checkpoint(tmp_path / "file" / "run"))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("every", [1, 2])
def test_the_csv_log_is_the_frame(tmp_path: Path, every: int) -> None:
    history = _fit(_model(), CSVLog(tmp_path / "log.csv"), validation_freq=every)
    logged = pd.read_csv(tmp_path / "log.csv")
    pd.testing.assert_frame_equal(logged, history.frame, rtol=1e-14)


def test_the_rate_falls_on_a_plateau(capsys: Any) -> None:
    model = _model(lr=1e-9, norm=False)
    _fit(model, ReduceLROnPlateau(patience=2, factor=0.5))
    assert model.optimizer.param_groups[0]["lr"] == pytest.approx(0.25e-9)
    assert capsys.readouterr().err.count("ReduceLROnPlateau: epoch ") == 2


def test_a_time_limit_ends_the_run() -> None:
    began = time.perf_counter()
    history = _fit(_model(), TimeLimit(0.3), epochs=10**6)
    assert 0.3 <= time.perf_counter() - began < 10
    assert history.stopped == "TimeLimit: 300ms are over"
    assert 0 < len(history) < 10**6


def test_a_plain_function_hears_each_epochs_end_and_may_stop() -> None:
    heard: list[Event] = []

    def third(event: Event) -> Stop | None:
        heard.append(event)
        return Stop("three are enough") if event.epoch == 3 else None

    history = _fit(_model(), third)
    assert [event.kind for event in heard] == ["epoch_end"] * 3
    assert [dict(event.logs) for event in heard] == history.rows
    assert history.stopped == "three are enough"


def test_nan_ends_the_run_cleanly_and_the_best_weights_return() -> None:
    class Fragile(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(1, 1)
            self.calls = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += self.training
            return self.linear(x) * (math.nan if self.calls > 10 else 1.0)

    def fresh() -> lampas.Model:
        model = lampas.Model(Fragile())
        model.compile(torch.optim.SGD(model.parameters(), lr=0.1), nn.MSELoss())
        return model

    model = fresh()
    history = _fit(model, [EarlyStopping(patience=9), StopOnNaN()], validation_data=(X, Y))
    assert history.stopped is not None
    assert history.stopped.startswith("StopOnNaN: the loss is not finite in epoch 3")
    assert len(history) == 2
    assert all(bool(p.isfinite().all()) for p in model.parameters())
    with pytest.raises(NonFiniteError):
        _fit(fresh(), None)


def test_verbose_two_prints_a_line_an_epoch_on_stderr(capsys: Any) -> None:
    _fit(_model(), lambda event: Stop("enough") if event.epoch == 2 else None, verbose=2)
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["Epoch 1/6", "Epoch 2/6", "Stopped: enough"]


def test_averaged_weights_are_what_is_judged_and_restored() -> None:
    model, snapshots = _model(averaging=lampas.optim.EMA(0.9)), Snapshots()
    history = _fit(model, [snapshots, EarlyStopping(patience=30)], epochs=8)
    best = int(history.best["epoch"])
    for name, value in model.state_dict().items():
        assert torch.equal(value, snapshots.epochs[best - 1][name])
    assert model.evaluate(X, Y)["loss"] == pytest.approx(history.best["val_loss"], rel=1e-5)


def test_all_of_them_together(tmp_path: Path) -> None:
    callbacks = [
        EarlyStopping(patience=50),
        Checkpoint(tmp_path),
        CSVLog(tmp_path / "log.csv"),
        ReduceLROnPlateau(),
        NotebookCurve(),
        TimeLimit(hours=1),
        StopOnNaN(),
        print,
    ]
    pytest.importorskip("IPython", reason="IPython is not installed")
    model = _model()
    for _ in range(2):
        history = _fit(model, callbacks, epochs=3)
        assert len(history) == 3
        assert history.stopped is None
