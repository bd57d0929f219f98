"""Whole runs in wandb's offline mode, read back from its files."""

import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.callbacks import Checkpoint, WandB
from lampas.errors import InputError, MissingExtraError

wandb = pytest.importorskip("wandb", reason="wandb is not installed")

X = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
Y = (X.sum(1, keepdim=True) > 0).float()

QUIET = {"WANDB_SILENT": "true", "WANDB_CONSOLE": "off", "WANDB_ERROR_REPORTING": "false"}
PLACES = ["WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"]


@pytest.fixture(scope="module", autouse=True)
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """All that wandb writes goes into one folder; its process ends with the last test."""
    folder = str(tmp_path_factory.mktemp("wandb"))
    with pytest.MonkeyPatch.context() as patch:
        given = {**QUIET, "WANDB_MODE": "offline", **dict.fromkeys(PLACES, folder)}
        for name, value in given.items():
            patch.setenv(name, value)
        wandb.teardown()  # what another test may have set up in this process
        yield given
        wandb.teardown()


def _model() -> lampas.Model:
    torch.manual_seed(0)
    model = lampas.Model(nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)))
    model.compile(torch.optim.Adam(model.parameters(), lr=0.01), "bce_with_logits", ["accuracy"])
    return model


def _fit(model: lampas.Model, callbacks: Any, **named: Any) -> lampas.History:
    given = {"epochs": 3, "batch_size": 8, "validation_split": 0.25, "verbose": 0, **named}
    return model.fit(X, Y, callbacks=callbacks, **given)


def _records(data: bytes) -> Iterator[bytes]:
    """The records of a log in LevelDB's format, which wandb keeps: blocks of 32 KiB, of frames
    (CRC, length, 1 whole 2 first 3 middle 4 last), after seven bytes of its own."""
    at, parts = 7, b""
    while at + 7 <= len(data):
        if 0x8000 - at % 0x8000 < 7:
            at += 0x8000 - at % 0x8000
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        body = data[at + 7 : at + 7 + length]
        if len(body) < length:
            return  # it is being written
        assert zlib.crc32(data[at + 6 : at + 7] + body) == int.from_bytes(
            data[at : at + 4], "little"
        )
        parts, at = parts + body, at + 7 + length
        if kind in (1, 4):
            yield parts
            parts = b""


def _read(folder: Path) -> "Read":
    """The run below `folder`; wandb's process may write its last records after `finish`."""
    for _ in range(200):
        found = Read(folder)
        if found.code is not None:
            break
        time.sleep(0.05)
    return found


class Read:
    """What a finished run's file says, parsed by wandb's own classes."""

    def __init__(self, folder: Path) -> None:
        from wandb.proto.wandb_internal_pb2 import Record

        (path,) = folder.glob("wandb/offline-run-*/*.wandb")
        self.rows: list[dict[str, Any]] = []
        self.config: dict[str, Any] = {}
        self.summary: dict[str, Any] = {}
        self.axes: dict[str, str] = {}
        self.artifacts: list[Any] = []
        self.code: int | None = None
        for data in _records(path.read_bytes()):
            self._take(Record.FromString(data))

    def _take(self, record: Any) -> None:
        kind = record.WhichOneof("record_type")
        if kind == "history":
            self.rows.append(_items(record.history.item))
        elif kind in ("config", "run"):
            self.config |= _items((record.config if kind == "config" else record.run.config).update)
        elif kind == "summary":
            self.summary |= _items(record.summary.update)
        elif kind == "metric":
            self.axes[record.metric.name] = record.metric.step_metric
        elif kind == "artifact":
            self.artifacts.append(record.artifact)
        elif kind == "exit":
            self.code = record.exit.exit_code


def _items(items: Any) -> dict[str, Any]:
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def test_everything_is_there(tmp_path: Path) -> None:
    model = _model()
    callback = WandB("rings", "first", folder=tmp_path, config={"seed": 0}, every=4, log_model=True)
    history = _fit(model, callback)
    found = _read(tmp_path)
    epochs = [row for row in found.rows if "epoch" in row]
    steps = [row for row in found.rows if "step" in row]
    assert [row["epoch"] for row in epochs] == [1, 2, 3]
    for name, values in history.history.items():
        assert [row[name] for row in epochs] == pytest.approx(values)
    assert [row["step"] for row in steps] == [4, 8, 12, 16]
    assert all(row["step/loss"] > 0 and row["step/lr"] == 0.01 for row in steps)
    assert (found.axes["val_loss"], found.axes["step/loss"]) == ("epoch", "step")
    wanted = {
        "optimizer": "Adam", "lr": 0.01, "loss": "BCEWithLogitsLoss", "batch_size": 8, "epochs": 3,
        "parameters": 17, "seed": 0,
    }  # fmt: skip
    assert found.config.items() >= wanted.items()
    assert found.summary["best_val_loss"] == pytest.approx(history.best["val_loss"])
    assert (found.code, wandb.run) == (0, None)
    (artifact,) = found.artifacts
    (file,) = artifact.manifest.contents
    assert file.path == "model.lampas"
    assert torch.equal(lampas.load(file.local_path, net=_model().net).predict(X), model.predict(X))
    assert not model._forward_pre_hooks


def test_the_users_run_is_used_and_left_open(tmp_path: Path) -> None:
    with wandb.init(project="mine", dir=tmp_path, config={"lr": 1.0}) as run:
        _fit(_model(), WandB(config={"seed": 1}))
        assert wandb.run is run
        run.log({"mine": 1.0})
        assert run.config["lr"] == 1.0
        with pytest.raises(InputError) as caught:
            _fit(_model(), WandB("rings"))
        assert str(caught.value) == (
            "WandB: a run is active already, and this one goes into it: leave project= out, or end "
            "that run with wandb.finish()"
        )
    found = _read(tmp_path)
    assert [row.get("epoch") for row in found.rows] == [1, 2, 3, None]
    assert found.config["seed"] == 1
    assert found.code == 0


def _ends(callback: Any) -> Any:
    def raises(event: lampas.Event) -> None:
        raise callback

    return raises


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RuntimeError("no more\nat all"), 1, {"error": "RuntimeError: no more"}),
        (KeyboardInterrupt(), 255, {"error": "KeyboardInterrupt"}),
    ],
)
def test_an_error_marks_the_run(
    error: BaseException, code: int, said: dict[str, str], tmp_path: Path
) -> None:
    callback = WandB(folder=tmp_path, log_model=True)
    with pytest.raises(type(error)):
        _fit(_model(), [callback, _ends(error)])
    found = _read(tmp_path)
    assert found.code == code
    assert found.summary.items() >= said.items()
    assert len(found.artifacts) == (code == 255)  # what failed may be half a step
    assert wandb.run is None


def test_a_disabled_run(tmp_path: Path) -> None:
    assert len(_fit(_model(), WandB(mode="disabled", folder=tmp_path, every=1))) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_dies_costs_the_log_alone(tmp_path: Path, places: dict[str, str]) -> None:
    # A child would write through the process of this one.
    ours = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DIES, str(tmp_path)],
        capture_output=True, text=True, check=False, env={**ours, **places},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "3 None\nFalse None\n"), done.stderr
    assert sum(line.startswith("WandB:") for line in done.stderr.splitlines()) == 1


def test_a_full_disk_costs_the_log_alone(tmp_path: Path, capsys: Any) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limits")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    callbacks = [WandB(folder=tmp_path), Checkpoint(tmp_path, save="last")]
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))  # full after 50 kB
        assert len(_fit(_model(), callbacks)) == 3
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert capsys.readouterr().err == (
        "WandB: the log cannot be written (File too large): the run goes on without it\n"
    )
    assert isinstance(lampas.load(tmp_path / "last.lampas", net=_model().net), lampas.Model)
    assert _read(tmp_path).code == 0


DIES = """
import os, signal, subprocess, sys, torch, lampas
from torch import nn
from lampas.callbacks import WandB

def kill(event):
    if event.epoch == 1:
        mine = ["pgrep", "-P", str(os.getpid()), "-f", "wandb-core"]
        os.kill(int(subprocess.run(mine, capture_output=True, check=True).stdout), signal.SIGKILL)

x = torch.randn(640, 2)
model = lampas.Model(nn.Linear(2, 1))
model.compile("sgd", "mse")
callback = WandB("rings", folder=sys.argv[1], every=1, log_model=True)
history = model.fit(x, x[:, :1], epochs=3, batch_size=64, verbose=0, callbacks=[kill, callback])
import wandb
print(len(history), wandb.run)
model.fit(x, x[:, :1], epochs=1, verbose=0, callbacks=callback)
print(callback._outside.lost, wandb.run)
"""


def test_what_refuses_a_run_is_told_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^WandB cannot write in "):
        _fit(_model(), WandB(folder=tmp_path / "file"))
    with pytest.raises(InputError, match=r"^WandB cannot start a run: "):
        _fit(_model(), WandB("a/b", folder=tmp_path))
    with pytest.raises(InputError, match=r"^WandB: mode must be one of .*, not 'off'$"):
        WandB(mode="off")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match=r"^WandB: every must be 0 or more, not -1$"):
        WandB(every=-1)
    with pytest.raises(InputError, match=r"^WandB: config\['a'\] is of type list: pass"):
        WandB(config={"a": []})  # pyright: ignore[reportArgumentType]


def test_a_missing_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(
        MissingExtraError, match=r"^WandB needs wandb: pip install 'lampas\[wandb\]'"
    ):
        _fit(_model(), WandB())
