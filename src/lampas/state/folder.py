"""The folder of a run's checkpoints: each whole or not there, the damaged ones found out.

run/checkpoint-000012/      or checkpoint-000012-end: the model as the finished run leaves it
    manifest.json           what is in it, with the size and SHA-256 of each file, and its own
    weights.safetensors     the net's state dict, under its own names
    optimizer.safetensors   the optimisers' and the averages'
    rest.safetensors        random states, sums, and whatever else has the form of tensors
"""

import os
import re
import shutil
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lampas.atomic import sync_folder
from lampas.errors import ArtifactError
from lampas.state.manifest import NewerFormatError, read_manifest, read_state, write_parts
from lampas.state.snapshot import Snapshot
from lampas.state.state import State

_NAME = re.compile(r"checkpoint-(\d{6,})(-end)?")
_WRITING, _GOING = ".writing-", ".going-"  # what these hold is not there for anyone


def number_of(path: Path) -> int | None:
    """The number of the checkpoint that `path` is; None where its name is of none."""
    found = _NAME.fullmatch(path.name)
    return None if found is None else int(found[1])


class Folder:
    """The checkpoints in `path`, by their numbers: a newer one has a higher number."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> dict[int, str]:
        """The names of all checkpoints, whole or not, by their numbers, the newest first."""
        if not self.path.is_dir():
            return {}
        found = (_NAME.fullmatch(one.name) for one in self.path.iterdir())
        named = {int(one[1]): one[0] for one in found if one is not None}
        return dict(sorted(named.items(), reverse=True))

    def numbers(self) -> list[int]:
        """The numbers of all checkpoints, whole or not, the newest first."""
        return list(self.names())

    def place(self, number: int) -> Path:
        """Where a checkpoint lies."""
        return self.path / self.names().get(number, f"checkpoint-{number:06d}")

    def write(self, number: int, snapshot: Snapshot, *, is_end: bool = False) -> Path:
        """Write a checkpoint under a new name, bring it to the disk, and give it its name.

        Raises `ArtifactError` where that fails; then nothing of it is left, and those that were
        there are untouched.
        """
        place = self.path / f"checkpoint-{number:06d}{'-end' if is_end else ''}"
        new = self.path / f"{_WRITING}{number:06d}-{_unique()}"
        try:
            new.mkdir()
            write_parts(new, snapshot)
            sync_folder(new)
            os.rename(new, place)
            sync_folder(self.path)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)
            reason = error.strerror or error
            raise ArtifactError(f"cannot write the checkpoint {place}: {reason}") from error
        return place

    def read(self, number: int) -> State:
        """A checkpoint, every byte of it checked. Raises `ArtifactError` where it is damaged."""
        place = self.place(number)
        with _named(place):
            return read_state(place, read_manifest(place))

    def newest(
        self, say: Callable[[str], None], before: int | None = None
    ) -> tuple[int, State] | None:
        """The newest whole checkpoint with its number; None where there is none at all.

        say: hears of each that is damaged. before: only those with a lower number. Raises
        `ArtifactError` where all are damaged.
        """
        errors: list[ArtifactError] = []
        for number in self.numbers():
            if before is not None and number >= before:
                continue
            try:
                state = self.read(number)
            except NewerFormatError:
                raise
            except ArtifactError as error:
                errors.append(error)
                continue
            for error in errors:
                say(f"{error}: {self.place(number).name}, the newest whole one, is used")
            return number, state
        if errors:
            raise ArtifactError(
                f"{self.path} holds {len(errors)} checkpoint(s), and none is whole: {errors[0]}; "
                "to start anew, move the folder away"
            )
        return None

    def drop_older(self, keep: int, spared: Sequence[int]) -> str | None:
        """Delete all but the newest `keep` and those `spared`. A deletion that is interrupted
        leaves nothing that looks like a checkpoint. Returns why one could not be deleted, in a
        line; None where all are gone."""
        names = self.names()
        counted = [number for number, name in names.items() if not name.endswith("-end")]
        oldest = counted[:keep][-1] if counted else 0
        for number in names:
            if number < oldest and number not in spared:
                gone, place = self.path / f"{_GOING}{number:06d}-{_unique()}", self.place(number)
                try:
                    os.rename(place, gone)
                except OSError as error:  # more is kept than was asked for: nothing is lost
                    return f"cannot delete {place}: {error.strerror or error}"
                shutil.rmtree(gone, ignore_errors=True)
        return None

    def sweep(self) -> None:
        """Delete what processes left that died while they wrote or deleted."""
        for one in self.path.iterdir():
            if one.name.startswith((_WRITING, _GOING)):
                shutil.rmtree(one, ignore_errors=True)


@contextmanager
def _named(place: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise ArtifactError(f"{place} is damaged: {error.strerror or error}") from error
    except NewerFormatError as error:
        raise NewerFormatError(f"{place} {error}") from error
    except ArtifactError as error:
        raise ArtifactError(f"{place} is damaged: {error}") from error


def _unique() -> str:
    return uuid.uuid4().hex[:8]
