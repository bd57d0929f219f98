"""Processes that read ahead, in whole programs: killed, resumed, interrupted, by the clock."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")

HEAD = """
import hashlib, json, os, signal, sys, time
import torch, lampas
from torch import nn
sys.path.insert(0, sys.argv[1])
from forced import Drawn, Forced
from lampas.data import feed, leaving, reading
torch.set_num_threads(1)
leaving._KEPT, reading._LOOKS = 0.0, 1

def digest(model):
    weights = b"".join(one.numpy().tobytes() for one in model.state_dict().values())
    return hashlib.sha256(weights).hexdigest()

def make():
    lampas.seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 1))
    model = lampas.Model(net)
    model.compile("adam", "mse", ["mae"])
    return model
"""

KILLED = (
    HEAD
    + """
counts = {int(batch): count for batch, count in json.loads(sys.argv[3]).items()}
feed.Choice = lambda *_, **__: Forced(counts)

class Dies(lampas.Callback):
    hears = frozenset({"step"})
    left = int(sys.argv[4])
    def __call__(self, event):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

model = make()
options = {"checkpoint": sys.argv[2], "every": "2 steps"} if sys.argv[2] else {}
history = model.fit(Drawn(), batch_size=3, epochs=4, validation_data=Drawn(9), verbose=0,
                    callbacks=Dies(), **options)
print(digest(model), json.dumps(history.rows), torch.rand(1).item())
"""
)


def _run(program: str, *args: object) -> "subprocess.CompletedProcess[str]":
    data = str(Path(__file__).parent / "data")
    return subprocess.run(
        [sys.executable, "-c", program, data, *map(str, args)], capture_output=True, text=True,
        check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=120,
    )  # fmt: skip


def _killed(folder: Path | str, counts: Mapping[int, int], steps: int) -> str:
    done = _run(KILLED, folder, json.dumps(counts), steps)
    assert done.returncode == (-signal.SIGKILL if steps else 0), done.stderr
    said = [line for line in done.stderr.splitlines() if "goes on" not in line]
    assert said == [line for line in said if "begins anew" in line]
    return done.stdout


def test_killed_and_resumed_with_others_reading(tmp_path: Path) -> None:
    whole = _killed("", {}, 0)
    _killed(tmp_path, {2: 2}, 5)
    _killed(tmp_path, {}, 4)
    _killed(tmp_path, {1: 1, 3: 2, 5: 0}, 7)
    assert _killed(tmp_path, {1: 2}, 0) == whole


SLOW = """
class Slow(Drawn):
    def __getitem__(self, index):
        time.sleep(0.004)
        return super().__getitem__(index)
"""

INTERRUPTED = (
    HEAD
    + SLOW
    + """
feed.Choice = lambda *_, **__: Forced({1: 2})

class Says(lampas.Callback):
    hears = frozenset({"step"})
    def __call__(self, event):
        print("step", flush=True)

model = make()
history = model.fit(Slow(2000), batch_size=4, epochs=50, verbose=0, callbacks=Says())
with open(f"/proc/self/task/{os.getpid()}/children") as file:
    print("ended", history.stopped, file.read().split(), flush=True)
"""
)


def test_ctrl_c_ends_all_of_them() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(Path(__file__).parent / "data")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert child.stdout is not None
    for _ in range(10):
        assert child.stdout.readline() == "step\n"
    os.killpg(child.pid, signal.SIGINT)  # a terminal sends it to the workers as well
    said, complaints = child.communicate(timeout=60)
    assert child.returncode == 0, complaints
    assert complaints == ""
    assert said.splitlines()[-1].startswith("ended interrupted in epoch 1, step 1")
    assert said.splitlines()[-1].endswith(" []")


BY_THE_CLOCK = (
    HEAD
    + SLOW
    + """
started = []
own = feed.Choice
def choice(*args, **options):
    made = own(*args, **options)
    made._cores = 2
    started.append(made)
    return made
feed.Choice = choice

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 1)
    def forward(self, x):
        if self.training:
            time.sleep(0.01)
        return self.linear(x)

lampas.seed(0)
model = lampas.Model(Net())
model.compile("sgd", "mse")
model.fit(Slow(800), batch_size=4, epochs=2, verbose=0)
print(digest(model), started[0].count)
"""
)


def test_by_the_clock() -> None:
    """400 batches of 16 and 10 ms, in sleep, which takes no core."""
    done = _run(BY_THE_CLOCK)
    assert done.returncode == 0, done.stderr
    weights, count = done.stdout.split()
    assert count in ("1", "2"), "by how loaded the machine is"
    (line,) = done.stderr.splitlines()
    assert line.startswith("data: a batch takes 1")
    assert "ms to compute" in line
    assert line.endswith("from here on")
    plain = BY_THE_CLOCK.replace("time.sleep", "(lambda seconds: None)")
    assert _run(plain).stdout.split()[0] == weights
