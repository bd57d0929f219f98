"""Save the model while it trains: the best, the last, or every k-th epoch."""

import string
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import ClassVar, Literal, final

from torch import Tensor

from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.files import require_writable
from lampas.callbacks.stateful import State
from lampas.callbacks.watch import Watch, may_come_later, missing
from lampas.errors import InputError
from lampas.monitor import Mode

Saves = Literal["best", "last", "every"]

_NAMES: dict[Saves, str] = {
    "best": "best.lampas",
    "last": "last.lampas",
    "every": "epoch-{epoch:03d}.lampas",
}


@final
class Checkpoint(Callback):
    """Calls `model.save` at the end of epochs.

    `path`: a folder, which then holds `best.lampas`, `last.lampas` or `epoch-001.lampas` and so
    on; or a file name ending in `.lampas`, which may name the epoch and columns of the history,
    as in Keras: `"run/{epoch:03d}-{val_loss:.3f}.lampas"`. Folders are made where they lack.
    `save`: "best" saves whenever `monitor` improves, "last" overwrites one file, "every" keeps
    them all. `every`: "last" and "every" look at each k-th epoch only, and at the last one.
    `mode`: as in `EarlyStopping`. A `val_` number in a file name reads nan in an epoch that had
    no validation. `saved` is the file written last, None before the first.

    Raises `InputError` at once for a pattern that cannot be filled in, and before any training
    where the folder cannot be written.

    >>> Checkpoint("run", save="best").pattern
    'run/best.lampas'
    >>> Checkpoint("run/{epoch:02d}-{val_loss:.3f}.lampas", save="every").path_for(
    ...     7, {"loss": 0.5, "val_loss": 0.25}).name
    '07-0.250.lampas'
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "epoch_end", "fit_end"})

    def __init__(
        self,
        path: str | PathLike[str],
        monitor: str = "val_loss",
        save: Saves = "best",
        every: int = 1,
        mode: Mode = "auto",
    ) -> None:
        if save not in _NAMES:
            raise InputError(f"Checkpoint: save must be 'best', 'last' or 'every', not {save!r}")
        if every < 1:
            raise InputError(f"Checkpoint: every must be 1 or more epochs, not {every!r}")
        self.pattern = _pattern(fspath(path), _NAMES[save])
        self.save: Saves = save
        self.every = every
        self.saved: Path | None = None
        self._fields = _fields(self.pattern)
        self._watch = Watch("Checkpoint", monitor, mode) if save == "best" else None

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._begin(event)
        elif event.kind == "epoch_end":
            if self._due(event):
                self._write(event)
        elif self._watch is not None:
            self._watch.warn_if_never()

    def path_for(self, epoch: int, logs: Mapping[str, float]) -> Path:
        """The file that `epoch` with these numbers is saved as."""
        numbers = dict(logs)
        for name in self._fields - {"epoch"}:
            if name in numbers:
                continue
            if not may_come_later(name, logs):
                raise missing("number in the Checkpoint file name", name, logs)
            numbers[name] = float("nan")
        return Path(self.pattern.format(**{**numbers, "epoch": epoch}))

    def state(self) -> State:
        """The best value so far."""
        return self._watch.state() if self._watch is not None else {}

    def load_state(self, state: Mapping[str, float | Tensor]) -> None:
        """Take up the memory that `state` gave."""
        if self._watch is not None:
            self._watch.load_state(state)

    def _begin(self, event: Event) -> None:
        if self._watch is not None:
            self._watch.begin(event)
        self.saved = None
        plain = Path(self.pattern.partition("{")[0] + "_").parent
        require_writable(plain, "Checkpoint")

    def _due(self, event: Event) -> bool:
        if self._watch is not None:
            return self._watch.take(event.logs) is True
        return event.epoch % self.every == 0 or event.epoch == event.epochs

    def _write(self, event: Event) -> None:
        path = self.path_for(event.epoch, event.logs)
        path.parent.mkdir(parents=True, exist_ok=True)
        event.model.save(path)
        self.saved = path


def _pattern(path: str, name: str) -> str:
    return path if path.endswith(".lampas") else str(Path(path) / name)


def _fields(pattern: str) -> set[str]:
    """The names in braces; raises `InputError` for a pattern that no numbers can fill."""
    advice = "name columns in braces, as in '{epoch:03d}-{val_loss:.3f}.lampas'"
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
        pattern.format(**{name: 1 if name == "epoch" else 1.0 for name in fields})
    except (ValueError, LookupError, AttributeError) as error:
        raise InputError(f"Checkpoint: bad file name {pattern!r} ({error}); {advice}") from error
    return fields
