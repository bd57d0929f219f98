import io
import sys

import torch

import lampas
from lampas.callbacks import EpochLines, Event
from lampas.cli.progress import RunBar, SignsOfLife, display


class Terminal(io.StringIO):
    def isatty(self):
        return True


def _event(kind, epoch, step=0, **logs):
    model = lampas.Model(torch.nn.Linear(1, 1))
    return Event(kind, model, model.history, epoch, 20, step, 9, logs)


def test_who_shows_what(monkeypatch):
    assert display(quiet=True, verbose=False) == []
    assert [type(one) for one in display(quiet=False, verbose=True)] == [EpochLines]
    assert [type(one) for one in display(quiet=False, verbose=False)] == [SignsOfLife]
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert [type(one) for one in display(quiet=False, verbose=False)] == [RunBar]


def test_the_bar_moves_with_the_epochs(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr("lampas.cli.progress._PAUSE", 0.0)
    bar = RunBar()
    bar(_event("fit_begin", 0))
    bar(_event("epoch_end", 5, loss=0.5, val_loss=0.25, val_accuracy=1.0))
    assert "25%" in screen.getvalue()
    assert "5/20" in screen.getvalue()
    assert "loss 0.5000  val_loss 0.2500" in screen.getvalue()
    bar(_event("look", 6, step=3, loss=0.75))
    assert "step" not in screen.getvalue()
    monkeypatch.setattr("lampas.cli.progress._SLOW", -1.0)
    bar(_event("look", 6, step=3, loss=0.75))
    assert "step 3/9  loss 0.7500" in screen.getvalue()
    bar(_event("fit_end", 6))
    assert screen.getvalue().endswith("\r")


def test_a_log_gets_a_line_now_and_then(monkeypatch, capsys):
    clock = iter([0.0, 29.9, 30.0, 31.0, 59.9, 60.0])
    monkeypatch.setattr("lampas.cli.progress.time.perf_counter", lambda: next(clock))
    signs = SignsOfLife()
    signs(_event("fit_begin", 0))
    for _ in range(2):
        signs(_event("look", 1, step=3, loss=0.75))
    for _ in range(3):
        signs(_event("epoch_end", 5, loss=0.5, val_loss=0.25, val_accuracy=1.0))
    assert capsys.readouterr().err == (
        "Epoch 1/20  step 3/9  loss 0.7500\nEpoch 5/20  loss 0.5000  val_loss 0.2500\n"
    )


def test_nothing_where_nobody_watches(monkeypatch):
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    model = lampas.Model(torch.nn.Linear(1, 1))
    model.compile("sgd", "mse")
    model.fit(torch.rand(8, 1), torch.rand(8, 1), epochs=2, verbose=0, callbacks=RunBar())
    assert pipe.getvalue() == ""
