"""The log of a run, read while the run goes on, and where the disk is full."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

import lampas
from lampas.callbacks import Event
from lampas.callbacks.run_log import RunLog


def _fit(folder: Path, *others: Any, epochs: int = 3, initial_epoch: int = 0) -> lampas.Model:
    torch.manual_seed(0)
    x = torch.randn(40, 2)
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], batch_size=10, epochs=epochs, initial_epoch=initial_epoch, verbose=0,
              validation_split=0.25, callbacks=[RunLog(folder), *others])  # fmt: skip
    return model


def test_all_epochs_are_there(tmp_path: Path) -> None:
    model = _fit(tmp_path)
    kept = lampas.History.from_csv(tmp_path / "history.csv")
    assert kept.rows == model.history.rows
    vitals = pd.read_csv(tmp_path / "vitals.csv")
    assert vitals["epoch"].tolist() == [1, 2, 3]
    assert list(vitals) == [
        "epoch", "training_seconds", "waited_seconds", "validation_seconds", "lr",
        "gradient_norm", "memory",
    ]  # fmt: skip
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "running"


def test_the_first_epoch_is_there_before_the_second(tmp_path: Path) -> None:
    found: list[int] = []

    def look(event: Event) -> None:
        found.append(len((tmp_path / "history.csv").read_text().splitlines()))

    _fit(tmp_path, look, epochs=1)
    assert found == [2]


def test_what_stood_there_stays_until_an_epoch_has_ended(tmp_path: Path) -> None:
    _fit(tmp_path)
    before = (tmp_path / "history.csv").read_text()
    _fit(tmp_path, lambda event: None, epochs=0 + 1, initial_epoch=1)  # no epoch at all
    assert (tmp_path / "history.csv").read_text() == before


def test_weights_and_random_numbers_are_those_without_it(tmp_path: Path) -> None:
    with_log = _fit(tmp_path)
    drawn = torch.rand(1)
    torch.manual_seed(0)
    x = torch.randn(40, 2)
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], batch_size=10, epochs=3, verbose=0, validation_split=0.25)
    assert torch.equal(torch.rand(1), drawn)
    for one, other in zip(model.parameters(), with_log.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_an_earlier_run_left_is_taken_away(tmp_path: Path) -> None:
    for name in ("report.html", "held_out.csv", "model.lampas"):
        (tmp_path / name).write_text("old")
        os.utime(tmp_path / name, (1, 1))

    def trace(event: Event) -> None:
        (tmp_path / "trace.json.gz").write_text("of this run")

    _fit(tmp_path, trace)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "history.csv", "model.lampas", "run.json", "trace.json.gz", "vitals.csv",
    ]  # fmt: skip


def test_nothing_is_left_of_a_run_of_no_epoch(tmp_path: Path) -> None:
    _fit(tmp_path, epochs=1, initial_epoch=1)
    assert list(tmp_path.iterdir()) == []


FULL = """
import pathlib, resource, sys, torch, lampas
from torch import nn
from lampas.callbacks.run_log import RunLog

resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))  # the disk is full after 3 kB
x = torch.randn(640, 2)
model = lampas.Model(nn.Linear(2, 1))
model.compile("sgd", "mse")
history = model.fit(x, x.sum(1, keepdim=True), epochs=200, batch_size=64, verbose=0,
                    callbacks=RunLog(pathlib.Path(sys.argv[1])))
print(len(history), history.rows[-1]["loss"] < 0.01)
"""


def test_a_full_disk_costs_the_log_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL, str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = f"the run's log in {tmp_path} is given up (File too large): the run goes on without it\n"
    assert done.stderr == said
    assert (done.returncode, done.stdout) == (0, "200 True\n")
