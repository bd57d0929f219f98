"""Signals that end a run after its step: real processes, real signals."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.signals import EXIT_CODE, Preempted

PROGRAM = """
import os, sys, signal, hashlib
import torch, lampas
from torch import nn
torch.set_num_threads(1)
lampas.seed(0)
x = torch.rand(64, 3)
model = lampas.Model(nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.2), nn.Linear(4, 1)))
model.compile("adam", "mse")
folder, name, step = sys.argv[1], sys.argv[2], int(sys.argv[3])

class Asks(lampas.Callback):
    hears = frozenset({"step", "fit_end"})
    steps = 0
    def __call__(self, event):
        self.steps += 1
        if event.kind == "fit_end":
            print("ended", event.error, flush=True)
        elif self.steps == step:
            os.kill(os.getpid(), getattr(signal, name))

try:
    history = model.fit(x, x.sum(1, keepdim=True), batch_size=8, epochs=4, verbose=0,
                        checkpoint=folder, callbacks=Asks())
    weights = b"".join(one.numpy().tobytes() for one in model.state_dict().values())
    print(hashlib.sha256(weights).hexdigest(), len(history), history.stopped)
except Exception as error:
    print("caught", error)
"""


def _run(folder: Path, name: str = "SIGTERM", step: int = 0) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", PROGRAM, str(folder), name, str(step)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
def test_a_batch_system_stops_a_run_and_starts_it_again(tmp_path: Path, name: str) -> None:
    stopped = _run(tmp_path / "cut", name, 13)
    assert stopped.returncode == EXIT_CODE == 75
    assert stopped.stdout == "ended None\n"
    assert stopped.stderr == (
        f"Stopped: {name} in epoch 2, step 6; {tmp_path}/cut has a whole checkpoint: start again "
        "to go on from there\n"
    )
    resumed, whole = _run(tmp_path / "cut"), _run(tmp_path / "whole")
    assert resumed.returncode == whole.returncode == 0
    assert "goes on in epoch 2 after step 5 of 8" in resumed.stderr
    assert resumed.stdout == whole.stdout


def test_ctrl_c_returns_the_history_and_the_same_call_goes_on(tmp_path: Path) -> None:
    stopped = _run(tmp_path / "cut", "SIGINT", 10)
    assert stopped.returncode == 0
    assert stopped.stdout.splitlines()[-1].endswith("1 interrupted in epoch 2, step 3")
    assert _run(tmp_path / "cut").stdout == _run(tmp_path / "whole").stdout


def _fit(**options: Any) -> lampas.History:
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("sgd", "mse")
    return model.fit(torch.rand(8, 3), torch.rand(8, 1), verbose=0, **options)


def test_handlers_are_put_back_and_those_of_a_program_are_left(tmp_path: Path) -> None:
    seen: list[Any] = []

    def looks(event: lampas.Event) -> None:
        seen.append([signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGUSR1)])

    _fit(checkpoint=tmp_path / "a", callbacks=looks)
    assert all(callable(one) for one in seen[0])
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    _fit(callbacks=looks)  # without checkpoints there is nothing to go on from
    assert seen[1] == [signal.SIG_DFL, signal.SIG_DFL]
    own = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        _fit(checkpoint=tmp_path / "b", callbacks=looks)
    finally:
        signal.signal(signal.SIGTERM, own)
    assert seen[2][0] is signal.SIG_IGN


def test_in_another_thread_no_handler_is_set(tmp_path: Path) -> None:
    found: list[lampas.History] = []
    thread = threading.Thread(target=lambda: found.append(_fit(checkpoint=tmp_path / "a")))
    thread.start()
    thread.join()
    assert len(found[0]) == 1


def test_what_is_raised_ends_the_program(tmp_path: Path) -> None:
    def asks(event: lampas.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Preempted) as caught:
        _fit(checkpoint=tmp_path, epochs=3, callbacks=asks)
    assert caught.value.signal == "SIGTERM"
    assert caught.value.code == 75
    assert isinstance(caught.value, SystemExit)
