"""Nothing grows: not over a thousand epochs, not over hundreds of calls, not after errors.

Several run in one process, and each is looked at after a warm-up: live tensors, open files and
threads must be as many, and resident memory within 2 MB. `campaigns/soak.py` runs them four times
as long.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HEAD = """
import gc, os, sys, threading, time
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
import lampas
from lampas.callbacks import Checkpoint, CSVLog, EarlyStopping

torch.set_num_threads(1)
torch.manual_seed(0)
folder, scale = sys.argv[1], float(sys.argv[2])
x = torch.randn(32, 4)
y = x.sum(1, keepdim=True)


def make(**options):
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 1))
    model = lampas.Model(net)
    model.compile("adam", "mse", metrics=["mae", "r2"], **options)
    return model


def held():
    few = files()  # this waits, and a checkpoint under way comes to its end
    gc.collect()
    tensors = sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return tensors, few, threading.active_count(), resident


def files():
    '''Those that stay open: a checkpoint may be under way.'''
    found = []
    for _ in range(30):
        found.append(len(os.listdir("/proc/self/fd")))
        time.sleep(0.005)
    return min(found)


def flat(name, one, times, warm_up):
    for _ in range(int(warm_up * scale)):
        one()
    before = held()
    for _ in range(int(times * scale)):
        one()
    after = held()
    counts = [now - then for now, then in zip(after, before)]
    print(name, *counts[:3], counts[3] // 1024, flush=True)
"""

FITS = """
from lampas.data import feed, leaving
from lampas.data.choice import Never


class Looks(lampas.Callback):
    hears = frozenset({"epoch_end"})

    def __init__(self, first):
        self.first, self.seen = first, []

    def __call__(self, event):
        if event.epoch in (self.first, event.epochs):
            self.seen.append(held())


def over_epochs(name, epochs, first, data=(x, y), callbacks=(), **options):
    epochs, first = int(epochs * scale), int(first * scale)
    looks = Looks(first)
    batches = {} if len(data) == 1 else {"batch_size": 16}
    make().fit(*data, epochs=epochs, verbose=0, callbacks=[*callbacks, looks], **batches, **options)
    counts = [now - then for then, now in zip(*looks.seen)]
    print(name, *counts[:3], counts[3] // 1024, flush=True)


class Always(Never):
    '''Two processes read, from the start of the second pass at the latest.'''

    def __init__(self, *_, **__):
        self.count = self.depth = 2


class Rows(Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, i):
        return x[i] + torch.rand(()), y[i]


if __name__ == "__main__":
    over_epochs("epochs", 1000, 200, validation_data=(x, y))
    callbacks = [EarlyStopping(patience=999), CSVLog(folder + "/log.csv")]
    over_epochs("callbacks", 1000, 200, callbacks=callbacks, validation_data=(x, y))
    over_epochs("checkpoints", 80, 20, checkpoint=folder + "/run", every="2 steps")
    workers = DataLoader(Rows(), 16, num_workers=2)
    over_epochs("workers", 30, 8, data=(workers,))
    feed.Choice, leaving._KEPT = Always, 0.0
    over_epochs("readers", 60, 16, data=(Rows(),), batch_size=4)
"""

CALLS = """
class Fails(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 1)
        self.error = ValueError("no")

    def forward(self, x):
        hidden = self.linear(x)
        if self.training:
            raise type(self.error)(*self.error.args)
        return hidden


def fails():
    try:
        failing.fit(x, y, verbose=0)
    except (ValueError, MemoryError):
        pass


model, failing = make(), lampas.Model(Fails())
failing.compile("adam", "mse")
flat("fit", lambda: model.fit(x, y, verbose=0), 300, 100)
flat("accumulate", lambda: averaged.fit(x, y, 4, verbose=0), 50, 20) if (
    averaged := make(accumulate=2, averaging=lampas.optim.EMA(0.9), clip_norm=1.0)
) else None
flat("evaluate", lambda: model.evaluate(x, y), 1000, 200)
flat("predict", lambda: model.predict(x), 1000, 200)
flat("errors", fails, 200, 100)
failing.net.error = torch.OutOfMemoryError("CUDA out of memory.")
flat("out of memory", fails, 8, 4)
flat("new models", lambda: make().fit(x, y, verbose=0), 100, 50)
flat("auto", lambda: model.fit(x, y, batch_size="auto", verbose=0), 40, 20)
"""


PROGRAMS = {"fits": FITS, "calls": CALLS}


def measure(program: str, folder: Path, scale: float) -> dict[str, list[int]]:
    """What grew, by what was done: tensors, files, threads, KB."""
    file = folder / "program.py"
    file.write_text(textwrap.dedent(HEAD + program))
    done = subprocess.run(
        [sys.executable, file, folder, str(scale)], capture_output=True, text=True, timeout=600,
        check=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    found: dict[str, list[int]] = {}
    for line in done.stdout.splitlines():
        name, *counts = line.rsplit(maxsplit=4)
        found[name] = [int(count) for count in counts]
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="read from Linux's /proc")
@pytest.mark.parametrize(("program", "lines"), [("fits", 5), ("calls", 8)])
def test_nothing_grows(program: str, lines: int, tmp_path: Path) -> None:
    found = measure(PROGRAMS[program], tmp_path, 0.25)
    assert len(found) == lines
    assert {
        name: counts
        for name, counts in found.items()
        if any(count > 0 for count in counts[:3]) or counts[3] > 2048
    } == {}
