"""What is done on a disk that fails: each job writes below a folder, and has one right outcome."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

import lampas
from lampas import artifact, callbacks
from lampas.errors import LampasError
from lampas.state.checkpoints import Checkpoints
from lampas.state.folder import Folder


class WrongError(Exception):
    """What is left is none of what may be."""


@dataclass(frozen=True)
class Job:
    """`run`: what is done, with the digest of its outcome; `begin`: what is there before;
    `check`: raises `WrongError` where what is left is wrong, knowing the folder, whether the job
    ended well, and which call it was whose failure it saw (−1: none)."""

    run: Callable[[Path], str]
    begin: Callable[[Path], None]
    check: Callable[[Path, bool, int], None]
    required: bool = True


def _model() -> tuple[lampas.Model, Any, Any]:
    lampas.seed(0)
    x = torch.rand(40, 3)
    net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 1))
    model = lampas.Model(net)
    model.compile(torch.optim.Adam(model.parameters(), lr=0.01), "mse", ["mae"])
    return model, x, x.sum(1, keepdim=True)


def _digest(model: lampas.Model, history: lampas.History) -> str:
    found = hashlib.sha256(repr(history.rows).encode())
    for one in model.state_dict().values():
        found.update(one.contiguous().numpy().tobytes())
    return found.hexdigest()


def _train(asked: Checkpoints | None, **options: Any) -> str:
    model, x, y = _model()
    history = model.fit(x, y, batch_size=8, epochs=3, verbose=0, validation_data=(x, y),
                        checkpoint=asked, **options)  # fmt: skip
    return _digest(model, history)


def _asked(place: Path, required: bool) -> Checkpoints:
    return Checkpoints(place / "run", "2 steps", keep=2, best="val_loss", required=required)


def keeps(place: Path) -> str:
    """A training with checkpoints every two steps."""
    return _train(_asked(place, True))


def tries(place: Path) -> str:
    """The same, where checkpoints need not be."""
    return _train(_asked(place, False))


def logs(place: Path) -> str:
    """A training that writes a CSV file."""
    return _train(None, callbacks=callbacks.CSVLog(place / "log.csv"))


def saves(place: Path) -> str:
    """A model, saved over an earlier one."""
    model, _, _ = _model()
    model.save(place / "model.lampas")
    return _digest(model, model.history)


def _nothing(place: Path) -> None:
    place.mkdir()


def _half_done(place: Path) -> None:
    """What a run leaves that was cut off in the middle: and what died while it wrote."""
    place.mkdir()
    keeps(place)
    newest_first = list(Folder(place / "run").names().values())
    for name in newest_first[:2]:
        shutil.rmtree(place / "run" / name)
    shutil.copytree(place / "run" / newest_first[2], place / "run" / ".writing-000099-0000abcd")


def _saved(place: Path) -> None:
    place.mkdir()
    _untrained().save(place / "model.lampas")


def _untrained() -> lampas.Model:
    torch.manual_seed(7)
    return lampas.Model(nn.Linear(9, 9))


def _is_whole_from(call: int) -> Callable[[Path, bool, int], None]:
    """From that call on there is a whole checkpoint, whatever fails."""

    def check(place: Path, ended: bool, hit: int) -> None:
        folder = Folder(place / "run")
        try:
            found = folder.newest(lambda line: None)
        except LampasError as error:
            raise WrongError(f"no checkpoint is whole: {error}") from error
        if found is None and hit >= call:
            raise WrongError("there is no checkpoint")

    return check


def _old_or_new(place: Path, ended: bool, hit: int) -> None:
    file = place / "model.lampas"
    name = artifact.read(file).class_name
    if ended and name != "Sequential":
        raise WrongError("it said that it saved the model, and the file is the old one")
    left = [one.name for one in place.iterdir() if one != file]
    if left and ended:
        raise WrongError(f"left behind: {left}")


def _rows_are_whole(place: Path, ended: bool, hit: int) -> None:
    file = place / "log.csv"
    if not file.exists():
        return
    text = file.read_text()
    lines = text.splitlines()
    if not text.endswith("\n") or len({line.count(",") for line in lines}) != 1:
        raise WrongError(f"a torn log: {text[-80:]!r}")
    if ended and len(lines) != 4:
        raise WrongError(f"a log of {len(lines)} lines, and the training ended well")


def jobs(first: int) -> dict[str, Job]:
    """All of them; the first checkpoint of a training is whole from call number `first` on."""
    return {
        "a training": Job(keeps, _nothing, _is_whole_from(first)),
        "one that goes on": Job(keeps, _half_done, _is_whole_from(0)),
        "one that need not be kept": Job(tries, _nothing, _is_whole_from(first), required=False),
        "a model saved over another": Job(saves, _saved, _old_or_new),
        "a log": Job(logs, _nothing, _rows_are_whole),
    }
