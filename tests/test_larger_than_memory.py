"""Data that are larger than what may be held: read from files, a batch at a time.

Each way in is tried in a process of its own, over a file of 120 MB. What counts is `RssAnon`, the
memory that is no file's: pages of the file itself stay only as long as nobody needs their place.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from lampas.data import arrays
from lampas.data.arrays import make_rows
from lampas.data.spans import spans
from lampas.state.facts import _WHOLE, _pieces, fingerprint

PROGRAM = """
import sys, threading, time
import numpy as np, torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset
import lampas

N, F = 30_000, 1000
torch.set_num_threads(1)
folder = sys.argv[1]
rng = np.random.default_rng(0)
x = np.memmap(folder + "/x", np.float32, "w+", shape=(N, F))
for start in range(0, N, 5000):
    x[start : start + 5000] = rng.random((5000, F), np.float32)
np.memmap(folder + "/y", np.int64, "w+", shape=N)[:] = np.arange(N) % 3
del x
x = np.memmap(folder + "/x", np.float32, "r", shape=(N, F))
y = np.memmap(folder + "/y", np.int64, "r", shape=N)
xt = torch.from_file(folder + "/x", size=N * F).reshape(N, F)
yt = torch.from_file(folder + "/y", size=N, dtype=torch.int64)


def anonymous():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) / 1024


def grown(call):
    start, found, over = anonymous(), [0.0], threading.Event()

    def watch():
        while not over.wait(0.002):
            found.append(anonymous() - start)

    thread = threading.Thread(target=watch)
    thread.start()
    call()
    over.set()
    thread.join()
    return max(found)


class Rows(Dataset):
    def __len__(self):
        return N

    def __getitem__(self, i):
        return xt[i], yt[i]


class Stream(IterableDataset):
    def __iter__(self):
        return ((xt[i], yt[i]) for i in range(8_000))


def batches():
    return ((xt[i : i + 256], yt[i : i + 256]) for i in range(0, N - 256, 256))


def gaps():
    bad = np.memmap(folder + "/bad", np.float32, "w+", shape=(N, F))
    bad[:, 0] = np.nan
    bad.flush()
    bad = np.memmap(folder + "/bad", np.float32, "r", shape=(N, F))
    try:
        model.fit(bad, y, **often)
    except lampas.errors.DataError as error:
        assert "x has nan in row 0, column 0 (30000 rows have such gaps)" in str(error)


def own(y_pred, y_true):
    return (y_pred.argmax(1) == y_true).float().mean()


model = lampas.Model(nn.Linear(F, 3))
model.compile("sgd", nn.CrossEntropyLoss(), metrics=["accuracy", lampas.metrics.Mean(own)])
often = {"batch_size": 256, "verbose": 0}
few = np.array(x[:512]), np.array(y[:512])
model.fit(*few, validation_split=0.5, checkpoint=folder + "/a", **often)
data = TensorDataset(xt, yt)
wide = lampas.Model(nn.Linear(F, F))  # of 120 MB it makes 120 MB
calls = {
    "memmap": lambda: model.fit(x, y, validation_split=0.2, **often),
    "from_file": lambda: model.fit(xt, yt, validation_data=(x, y), **often),
    "checkpoint": lambda: model.fit(x, y, checkpoint=folder + "/b", **often),
    "weights": lambda: model.fit(x, y, sample_weight=np.ones(N), class_weight={1: 2.0}, **often),
    "steps": lambda: model.fit(x, y, steps_per_epoch=50, **often),
    "TensorDataset": lambda: model.fit(data, **often),
    "DataLoader": lambda: model.fit(DataLoader(data, 256, shuffle=True), verbose=0),
    "Dataset": lambda: model.fit(Rows(), steps_per_epoch=80, **often),
    "IterableDataset": lambda: model.fit(Stream(), **often),
    "generator": lambda: model.fit(batches(), steps_per_epoch=100, verbose=0),
    "evaluate": lambda: model.evaluate(x, y),
    "predict_batches": lambda: [None for _ in model.predict_batches(x)],
    "predict_batches, wide": lambda: [None for _ in wide.predict_batches(x)],
    "predict, held once": lambda: wide.predict(x),
    "loader, held once": lambda: wide.predict(DataLoader(TensorDataset(xt), 128)),
    "find_lr": lambda: lampas.find_lr(model, x, y),
    "gaps": gaps,
}
for name, call in calls.items():
    print(f"{grown(call):.0f}", name, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="RssAnon is Linux's")
def test_nothing_is_copied_whole(tmp_path: Path) -> None:
    program = tmp_path / "stream.py"
    program.write_text(textwrap.dedent(PROGRAM))
    done = subprocess.run(
        [sys.executable, program, tmp_path], capture_output=True, text=True, timeout=300, check=True
    )
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    found = {name: float(size) for size, _, name in lines}
    assert len(found) == 17
    whole = [found.pop(name) for name in list(found) if name.endswith("held once")]
    assert {name: size for name, size in found.items() if size > 36} == {}  # of 120 MB
    assert all(100 < size < 120 + 36 for size in whole)


def test_spans_are_of_rows_and_no_larger_than_asked() -> None:
    for shape in [(10,), (3, 5 << 18), (7, 2, 1 << 18), (0, 4)]:
        whole = torch.empty(shape).expand(shape)
        parts = list(spans(whole))
        assert sum(len(rows) for _, rows in parts) == len(whole)
        assert [start for start, _ in parts] == [
            sum(len(rows) for _, rows in parts[:index]) for index in range(len(parts))
        ]


@pytest.mark.parametrize("shape", [(3_000, 1 << 18), (1 << 28,), (5, 1 << 26), (1 << 20, 300)])
def test_a_fingerprint_reads_no_more_than_it_says(shape: tuple[int, ...]) -> None:
    whole = torch.zeros(1, dtype=torch.int32).expand(shape)
    row = whole[0].nbytes
    read = sum(piece.nbytes for piece in _pieces(whole))
    assert read <= max(_WHOLE, row) + row + _WHOLE // 1024


def test_a_fingerprint_of_few_large_rows_sees_the_last() -> None:
    x = torch.zeros(100, 1 << 18)
    before = fingerprint(make_rows(x, None, None, torch.float32).tensors)
    x[-1, -1] = 1
    assert fingerprint(make_rows(x, None, None, torch.float32).tensors) != before


@pytest.mark.parametrize(
    ("array", "odd"),
    [
        (np.zeros(4, ">f4"), "numbers with their bytes in the other order"),
        (np.zeros(4)[::-1], "array that runs backwards"),
    ],
)
def test_a_large_array_that_must_be_copied_is_told(
    array: np.ndarray, odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_rows(array, None, None, torch.float32)
    monkeypatch.setattr(arrays, "COPIED_BYTES", 8)
    with pytest.warns(UserWarning, match=rf"^x, 0\.0 GB, is copied whole: torch reads no {odd}; "):
        make_rows(array, None, None, torch.float32)
