"""What a run writes into its folder while it goes on."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, final

from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.outside import reason_of
from lampas.callbacks.say import say
from lampas.errors import ArtifactError, InputError
from lampas.growing_csv import GrowingCSV
from lampas.record.about import begun, failure
from lampas.record.files import HISTORY, RUN, VITALS, read_history, sweep, write_json
from lampas.record.gauge import Gauge
from lampas.settings import settings_of

_PAUSE = 0.25  # seconds between two writings: epochs of small nets take milliseconds


@final
class RunLog(Callback):
    """Writes `history.csv`, `vitals.csv` and the beginning of `run.json` into `folder`, which is
    this run's alone; what stood in these files is replaced when the first epoch ends.

    What ended more than a quarter of a second ago is on disk, so that a run that is cut off can
    be looked at. Where the disk is full, one line says so and the run goes on without its log.
    `gauged`: after the run, see `Gauge.about`.
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset(
        {"fit_begin", "epoch_begin", "step", "validation_begin", "epoch_end", "fit_end"}
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.step_every = 1
        self.gauged: dict[str, Any] = {}
        self.seconds = 0.0
        self._rows: dict[str, list[dict[str, float]]] = {}
        self._files: dict[str, GrowingCSV] | None = None
        self._gauge: Gauge | None = None
        self._about: dict[str, Any] = {}
        self._replaces = self._has_rows = False
        self._moment = self._began = self._next = 0.0

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._begin(event)
        if self._gauge is None:
            return
        self._gauge.hear(event)
        if event.kind == "epoch_begin":
            self.step_every = self._gauge.step_every
        elif event.kind == "epoch_end":
            self._end_epoch(self._gauge, event)
        elif event.kind == "fit_end":
            self._end(self._gauge, event)

    def _begin(self, event: Event) -> None:
        earlier = _vitals(self.folder, len(event.history)) if event.resumed else []
        self._rows = {HISTORY: list(event.history.rows), VITALS: earlier}
        self._files = {name: GrowingCSV(self.folder / name, "the run's log") for name in self._rows}
        self._moment, self._began, self._next = time.time(), time.perf_counter(), 0.0
        self._about = {**begun(), "settings": settings_of(event.model)}
        self._replaces = (self.folder / RUN).exists()
        self._has_rows = False
        if not self._replaces:
            self._attempt(self._write_about)
        self._gauge = Gauge(event)

    def _end_epoch(self, gauge: Gauge, event: Event) -> None:
        self._rows[HISTORY].append({**event.logs, "epoch": event.epoch})
        self._rows[VITALS].append(gauge.row(event))
        if time.perf_counter() >= self._next:
            self._attempt(self._write)

    def _end(self, gauge: Gauge, event: Event) -> None:
        self.seconds = time.perf_counter() - self._began
        self._attempt(self._write)
        self.gauged = gauge.about()
        self._gauge = None
        failed = event.error is not None and event.history.stopped is None
        if failed and (self._has_rows or not self._replaces):
            self._about |= {**failure(event.error), "epochs": len(event.history), **self.gauged}
            self._attempt(self._write_about)
        elif not self._has_rows and not self._replaces:
            (self.folder / RUN).unlink(missing_ok=True)  # nothing came of it

    def _write(self) -> None:
        """Write the rows there are. What an earlier run left goes before the first, and no sooner:
        a run that fails at once replaces nothing."""
        if self._files is None or not any(self._rows.values()):
            return
        if not self._has_rows:
            sweep(self.folder, self._moment)
            self._write_about()
        self._has_rows = True
        for name, rows in self._rows.items():
            if rows:
                self._files[name].write(rows)
                self._rows[name] = []
        self._next = time.perf_counter() + _PAUSE

    def _write_about(self) -> None:
        write_json(self.folder / RUN, self._about)

    def _attempt(self, write: Callable[[], None]) -> None:
        """One failure is said, and the last attempt."""
        try:
            if self._files is not None:
                write()
        except (OSError, ArtifactError, InputError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._files = None
        why = reason_of(error)
        say(f"the run's log in {self.folder} is given up ({why}): the run goes on without it")


def _vitals(folder: Path, epochs: int) -> list[dict[str, float]]:
    """What was measured in the first `epochs` epochs of the run that goes on, if it is there."""
    try:
        return read_history(folder / VITALS).up_to(epochs).rows
    except (OSError, ArtifactError):
        return []
