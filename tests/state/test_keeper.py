"""When checkpoints are written, what is told about them, and what an error in writing does."""

from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from small_run import X, Y, fit, same, small

import lampas
from lampas import Checkpoints
from lampas.errors import ArtifactError, InputError, UnknownNameError
from lampas.state import keeper as module
from lampas.state.folder import Folder
from lampas.state.state import State


def _states(folder: Path) -> list[State]:
    return [Folder(folder).read(number) for number in reversed(Folder(folder).numbers())]


def _places(folder: Path) -> list[Any]:
    return [
        "end" if one.is_finished else (one.position["epoch"], one.position["step"])
        for one in _states(folder)
    ]


@pytest.mark.parametrize(
    ("every", "places"),
    [("2 epochs", [(0, 0), (2, 0), (4, 0), (5, 0), "end"]),
     ("7 steps", [(0, 0), (2, 3), (4, 2), (5, 0), "end"]),
     ("1 h", [(0, 0), (5, 0), "end"])],
)  # fmt: skip
def test_when_they_are_written(tmp_path: Path, every: str, places: list[Any]) -> None:
    fit(small(), Checkpoints(tmp_path, every, keep=99))
    assert _places(tmp_path) == places


def test_a_full_disk_is_told_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "total used free")(10**9, 10**9, 5000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage)
    fit(small(), tmp_path)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"{tmp_path}: 0 MB are left on the disk, and a checkpoint takes 0 MB"


class _Blocks(lampas.Callback):
    """Puts a file where the next checkpoint is to be."""

    hears = frozenset({"step"})

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps = 0

    def __call__(self, event: lampas.Event) -> None:
        self.steps += 1
        if self.steps == 5:
            (self.folder / "checkpoint-000003").write_text("in the way")


def test_an_error_in_writing_surfaces_at_the_next_step(tmp_path: Path) -> None:
    blocks = _Blocks(tmp_path)
    with pytest.raises(ArtifactError, match=r"cannot write the checkpoint .*checkpoint-000003: "):
        fit(small(), tmp_path, callbacks=blocks)
    assert blocks.steps < 20
    assert Folder(tmp_path).numbers()[:2] == [3, 2]
    assert not list(tmp_path.glob(".writing-*"))
    (tmp_path / "checkpoint-000003").unlink()
    resumed = small()
    fit(resumed, tmp_path)
    whole = small()
    fit(whole, None)
    assert same(resumed, whole)


def test_where_they_are_not_required_the_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = small()
    history = fit(
        model, Checkpoints(tmp_path, "3 steps", required=False), callbacks=_Blocks(tmp_path)
    )
    assert len(history) == 5
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("the run goes on without checkpoints")


@pytest.mark.parametrize("long", [0.0, 3600.0])
def test_a_stop_in_a_validation_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: float
) -> None:
    """One that takes long is broken off, and what was held before it is written."""
    monkeypatch.setattr(module, "_LONG", long)

    validating: list[int] = []

    class Asks(lampas.Callback):
        hears = frozenset({"validation_begin"})

        def __call__(self, event: lampas.Event) -> lampas.Stop | None:
            validating.append(event.epoch)
            return lampas.Stop("now", resumes=True) if event.epoch == 2 else None

    def train(folder: Path | None, *listening: Any) -> lampas.Model:
        model = small()
        fit(model, folder, validation_data=(X, Y), validation_batch_size=2,
            callbacks=list(listening))  # fmt: skip
        return model

    train(tmp_path, Asks())
    newest = _states(tmp_path)[-1]
    assert newest.position["epoch"] == 2
    assert newest.is_inside == (long == 0.0)
    assert validating == [1, 2]
    resumed = train(tmp_path)
    whole = train(None)
    assert same(resumed, whole)
    assert resumed.history.rows == whole.history.rows


def test_a_best_that_no_epoch_has(tmp_path: Path) -> None:
    asked = Checkpoints(tmp_path, best="val_loss")
    with pytest.raises(InputError, match="best is 'val_loss', but this fit has no validation data"):
        fit(small(), asked, validation_data=None)
    with pytest.raises(UnknownNameError, match="unknown best= of Checkpoints 'val_mse'"):
        fit(small(), Checkpoints(tmp_path, best="val_mse"))
