"""The folder of a run: where it stands, what is written into it, how it is found again."""

import shlex
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lampas.errors import ArtifactError, InputError
from lampas.place import SignedLock, why_unwritable
from lampas.record.files import RUN

if TYPE_CHECKING:
    from torch import nn

    from lampas.fitted import Fitted
    from lampas.state.checkpoints import Checkpoints

MODEL = "model.lampas"
CHECKPOINTS = "checkpoints"
_LOCK = ".training"


def model_file(run: str) -> Path:
    """The saved model of `run`: that in its folder, or the file itself."""
    path = Path(run)
    if not path.is_dir():
        return path
    if (path / MODEL).is_file():
        return path / MODEL
    if (path / RUN).is_file():
        raise ArtifactError(
            f"{run} has no {MODEL} in it: the run goes on, was cut off or failed, or is none of "
            f"`lampas train`; lampas report {run} shows what is there"
        )
    raise ArtifactError(f"{run} has no {MODEL} in it: it is no run of `lampas train`")


def is_complete(out: str | None) -> bool:
    """Whether the run in `out` came to its end, so that nothing of it is left to do."""
    folder = Path(out or "")
    return (folder / MODEL).is_file() and not (folder / CHECKPOINTS).exists()


def checkpoints(folder: Path, every: str) -> "Checkpoints | None":
    """Where the state of the run in `folder` is kept; None where `every` is "never"."""
    from lampas.state.checkpoints import Checkpoints

    place = folder / CHECKPOINTS
    return None if every == "never" else Checkpoints(place, every, required=False)


def require_seed(folder: Path, seed: int) -> None:
    """Raises `InputError` where the run that goes on was begun with another seed: it decides what
    is held out, and so what was trained on by now."""
    from lampas.state.folder import Folder

    found = Folder(folder / CHECKPOINTS).newest(lambda _: None)
    began = None if found is None else found[1].about.get("seed")
    if began not in (None, seed):
        raise InputError(
            f"--seed is {seed}, and the run in {folder} was begun with {began}: leave it at "
            f"{began}, or add --force to begin anew"
        )


def drop_checkpoints(folder: Path) -> None:
    """The run is over and its model is saved: nothing will go on from here."""
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


@contextmanager
def new_folder(
    out: str | None, name: str, *, force: bool = False, resume: bool = False
) -> Generator[Path]:
    """A folder to save a run in, tried before the training; after a failure it goes if empty.

    out: as typed, or None for runs/NAME-DATE-TIME. force: replaces the run that it holds; resume:
    goes on with it. Raises `InputError` where it holds one and neither is set, or where it cannot
    be written.
    """
    folder = _unused(name) if out is None else Path(out)
    if not (force or resume):
        _refuse_held(folder)
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    why = why_unwritable(folder)
    if why is not None:
        raise InputError(_unwritable(folder, why))
    lock = _alone(folder)
    if force and not resume:
        drop_checkpoints(folder)
    try:
        yield folder
    except BaseException:
        _drop_first(folder)
        lock.release()
        with suppress(OSError):  # what holds something stays
            for one in made:
                one.rmdir()
        raise
    lock.release()


def _refuse_held(folder: Path) -> None:
    if (folder / CHECKPOINTS).exists():
        raise InputError(
            f"{folder} holds a run that was cut off: add --resume to go on with it, or --force to "
            "begin anew"
        )
    if (folder / MODEL).exists():
        raise InputError(
            f"{folder} holds a run already: choose another --out, or add --force to replace it"
        )


def _drop_first(folder: Path) -> None:
    """A run that failed before its second checkpoint leaves none: there is nothing to go on from,
    and the next try need not be told to replace it."""
    from lampas.state.folder import Folder

    if max(Folder(folder / CHECKPOINTS).numbers(), default=0) <= 1:
        drop_checkpoints(folder)


def _alone(folder: Path) -> SignedLock:
    """The lock of a run that is under way: the second in a folder would replace the first."""
    try:
        lock = SignedLock.take(folder, _LOCK)
    except OSError as error:
        raise InputError(_unwritable(folder, error.strerror or error)) from error
    if isinstance(lock, str):
        raise InputError(
            f"another `lampas train`, {lock}, is writing into {folder}: choose another --out"
        )
    return lock


def _unwritable(folder: Path, why: object) -> str:
    return f"cannot write in the folder {folder}: {why}; choose another with --out"


def _unused(name: str) -> Path:
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    first = Path("runs") / f"{name}-{stamp}"
    folder, number = first, 1
    while folder.exists():
        number += 1
        folder = first.with_name(f"{first.name}-{number}")
    return folder


def save(folder: Path, model: "Fitted", seconds: float, gauged: Mapping[str, Any]) -> Path:
    """Write model, history, curves and description of a training into `folder`; returns what the
    run is called by, that folder.

    The model comes first: where the disk is full it goes into a temporary folder, and its file is
    what the run is called by; what else cannot be written is said and left. gauged: what the
    run's log has measured, and what else is known of the run.
    """
    from lampas.artifact import read
    from lampas.callbacks.say import say

    place = _save_model(folder, model)
    read(place)  # and so the file is known to be whole
    try:
        _save_story(folder, model, seconds, gauged)
    except (OSError, ArtifactError) as error:
        say(f"{folder}: not all of the run is kept: {error}; its model is whole, in {place}")
    return folder if place.parent == folder else place


def _save_model(folder: Path, model: "Fitted") -> Path:
    """Where the disk is full the checkpoints make room: the run is over. Else it goes elsewhere."""
    from lampas.callbacks.say import say

    with suppress(ArtifactError):
        model.save(folder / MODEL)
        return folder / MODEL
    drop_checkpoints(folder)
    try:
        model.save(folder / MODEL)
    except ArtifactError as error:
        other = Path(tempfile.mkdtemp(prefix="lampas-")) / MODEL
        model.save(other)
        say(f"{error}: the model is saved in {other}")
        return other
    return folder / MODEL


def _save_story(folder: Path, model: "Fitted", seconds: float, gauged: Mapping[str, Any]) -> None:
    from lampas.atomic import whole_file
    from lampas.record.files import CURVES
    from lampas.record.fitted import keep_fitted

    with whole_file(folder / CURVES) as file:
        model.history.plot().savefig(file, format="png", dpi=100)
    keep_fitted(folder, model, {"seconds": round(seconds, 3), **gauged})


def load(run: str, own_net: str | None, command: str) -> "Fitted":
    """The fitted model of `run`, with the user's net where `own_net` names one.

    command: what to type again, for the error where a net is needed and none is named.
    """
    from lampas import artifact
    from lampas.cli.own import find_class
    from lampas.saving import load_fitted

    path = model_file(run)
    saved = artifact.read(path)
    net: type[nn.Module] | None = None if own_net is None else find_class(own_net)
    if saved.settings.get("own_net") and net is None:
        spec = str(saved.settings.get("model") or f"FILE.py:{saved.class_name}")
        raise ArtifactError(
            f"{path} was trained with your net {saved.class_name}, and a saved run brings no "
            f"code: {command} --model {shlex.quote(spec)}"
        )
    return load_fitted(saved, path, net)
