"""What `fit(checkpoint=...)` takes: where checkpoints are kept, how often, and how many."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, cast, final

from lampas.data.feed import check_count
from lampas.errors import InputError
from lampas.monitor import Mode, lower_is_better
from lampas.randomness import is_generator
from lampas.state.every import every_of

EVERY = "5 min"


@final
@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Where a run keeps its state while it goes on: `fit(checkpoint=Checkpoints("run"))`.

    folder: made where it lacks; it is this run's alone. every: "5 min", "30 s", "200 steps",
    "epoch", "2 epochs"; beside that a checkpoint is written whenever the run ends, however it
    does. keep: how many of the newest stay. best: a column of the history, such as "val_loss":
    the checkpoint of its best epoch stays too. mode: "min" or "max" where its name does not say
    which is better. required: where one cannot be written, the run ends with an error at its next
    step; with False a line says so, and the run goes on without. also: what else continues the
    run, by name: objects with `state_dict` and `load_state_dict`, and generators of torch, NumPy
    or Python.

    Raises `InputError` for what cannot be any of these.

    >>> Checkpoints("run", every="200 steps", best="val_loss").keep
    2
    """

    folder: Path
    every: str = EVERY
    keep: int = 2
    best: str | None = None
    mode: Mode = "auto"
    required: bool = True
    also: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __init__(
        self,
        folder: str | PathLike[str],
        every: str = EVERY,
        keep: int = 2,
        best: str | None = None,
        mode: Mode = "auto",
        required: bool = True,
        also: Mapping[str, Any] | None = None,
    ) -> None:
        every_of(every)
        check_count("keep", keep)
        if best is not None:
            lower_is_better(best, mode)
        if not isinstance(cast(object, also), Mapping | None):
            raise InputError(
                f"also is of type {type(also).__name__}: pass a dict of objects by name"
            )
        for name, value in (also or {}).items():
            _check_also(name, value)
        values = (_folder(folder), every, keep, best, mode, required, dict(also or {}))
        names = ("folder", "every", "keep", "best", "mode", "required", "also")
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)


CheckpointLike = Checkpoints | str | PathLike[str] | None


def as_checkpoints(
    given: Checkpoints | str | PathLike[str], every: str | None = None
) -> Checkpoints:
    """`given`, or the checkpoints of the folder that it names. Raises `InputError`."""
    if not isinstance(given, Checkpoints):
        return Checkpoints(given, EVERY if every is None else every)
    if every is not None:
        raise InputError(
            f"every={every!r} was passed beside checkpoint=Checkpoints(...), which says it "
            "itself: Checkpoints(folder, every=...)"
        )
    return given


def _folder(given: object) -> Path:
    if isinstance(given, str | PathLike) and str(given):
        return Path(given)
    raise InputError(f"checkpoint is {given!r}: pass the path of a folder, or lampas.Checkpoints")


def _check_also(name: str, value: Any) -> None:
    has_state = hasattr(value, "state_dict") and hasattr(value, "load_state_dict")
    if not (has_state or is_generator(value)):
        raise InputError(
            f"also[{name!r}] is a {type(value).__name__}: it has no state_dict and "
            "load_state_dict, and is no random generator"
        )
