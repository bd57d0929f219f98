"""Keeps one run while it goes on, and brings it back to where an earlier one was cut off."""

import shutil
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, final

from lampas.callbacks.say import say
from lampas.callbacks.watch import may_come_later, missing
from lampas.data.batch import Batch, Feed
from lampas.data.bookmark import Bookmark
from lampas.errors import ArtifactError, InputError
from lampas.monitor import is_better, lower_is_better
from lampas.pace import Pace
from lampas.place import SignedLock, why_unwritable
from lampas.run import Run
from lampas.state.background import Background
from lampas.state.changes import changes, refusal
from lampas.state.checkpoints import Checkpoints
from lampas.state.every import every_of
from lampas.state.folder import Folder
from lampas.state.snapshot import Snapshot, snapshot
from lampas.state.standing import stand
from lampas.state.state import State, check, take
from lampas.tally import Tally

_LOCK = ".lock"
_ROOM = 3  # checkpoints that should still fit on the disk
_LONG = 1.0  # seconds of a validation that is broken off rather than waited for


@final
class Keeper:
    """The checkpoints of one call of `fit`, as its loop sees them, in the loop's order.

    `around` keeps the place in the data; `holding` locks the folder; `find` looks where to begin;
    `resume` or, in the middle of an epoch, `enter` stands there; `after_step` and `after_epoch`
    write when it is time, around a validation `hold` and `let_go`; `end` writes what a finished
    run gives again.
    """

    def __init__(self, asked: Checkpoints) -> None:
        self._asked = asked
        self._folder = Folder(asked.folder)
        self._every = every_of(asked.every)
        self._background = Background()
        self._about: dict[str, Any] = {}
        self._found: tuple[int, State] | None = None  # until the run stands there
        self._held: Snapshot | None = None
        self._validation_began = 0.0
        self._validation_seconds = _LONG
        self._number = 0  # of the newest checkpoint
        self._best: list[float] | None = None  # the best number so far, and its checkpoint's
        self._is_warned = self._is_told = self._is_given_up = False

    @property
    def folder(self) -> Path:
        """Where the checkpoints are."""
        return self._folder.path

    def around(self, feed: Feed) -> Bookmark:
        """Keep the place in `feed`."""
        self._bookmark = Bookmark(feed)
        return self._bookmark

    def saved_batch_size(self) -> int | None:
        """That of the newest whole checkpoint's run, where there is one."""
        found = self._folder.newest(lambda line: None)
        return None if found is None else found[1].about["data"].get("batch_size")

    @contextmanager
    def holding(self, about: Mapping[str, Any]) -> Generator[None]:
        """The folder is this run's alone inside. Raises `InputError` where it is another's, or
        cannot be written. about: what this run is, see `facts_of`."""
        path = self._asked.folder
        why = why_unwritable(path)
        if why is not None:
            raise InputError(_unwritable(path, why))
        try:
            lock = SignedLock.take(path, _LOCK)
        except OSError as error:
            raise InputError(_unwritable(path, error.strerror or error)) from error
        if isinstance(lock, str):
            raise InputError(
                f"checkpoint: {path} is in use by {lock}: wait for its end, or choose another "
                "folder"
            )
        self._about = {**about, "doubts": []}
        try:
            yield
        finally:
            self._background.end()
            lock.release()

    def find(self, run: Run) -> None:
        """The newest whole checkpoint, if there is one: `run` is to begin there. Nothing is
        changed yet but its history, which the callbacks are to see when it begins."""
        self._run = run
        self._require_best()
        self._folder.sweep()
        self._number = max(self._folder.numbers(), default=0)
        found = self._folder.newest(say)
        if found is None:
            return
        number, state = found
        if state.is_finished and self._goes_beyond(state):
            number, state = self._folder.newest(say, before=number) or found
        self._refuse(number, state)
        self._found = number, state
        self._best = state.position["best"]
        run.is_resumed, run.is_over = True, state.is_finished
        run.history.rows[:] = state.history
        run.first_epoch = int(state.position["epoch"]) + (0 if state.is_inside else 1)
        if state.is_finished:
            run.first_epoch = run.epochs + 1

    def resume(self, pace: Pace) -> None:
        """Stand between two epochs where the checkpoint was taken there, or at the beginning."""
        self._pace = pace
        if self._found is None:
            pace.begin()
            self._save(None)  # what cannot be kept is found out now, and not in an hour
            return
        _, state = self._found
        self._run.stopped = state.position["stopped"]
        if state.is_finished or self._run.stopped is not None:
            why = "" if self._run.stopped is None else f" ({self._run.stopped})"
            self._stand(None, f"the run is finished{why}; nothing is trained")
        elif not state.is_inside:
            epoch = state.position["epoch"]
            self._stand(None, f"goes on after epoch {epoch}" if epoch else "begins anew")

    def enter(self, tally: Tally) -> Iterable[Batch]:
        """The batches that are left of the epoch that begins; `tally` gets the sums so far."""
        run = self._run
        if self._found is None:
            return run.feed
        _, state = self._found
        step, steps = int(state.position["step"]), run.feed.batches
        of = "" if steps is None else f" of {steps}"
        self._stand(tally, f"goes on in epoch {run.epoch} after step {step}{of}")
        if steps is None:
            return run.feed
        # Not a slice of nothing: it would begin the next pass.
        return islice(run.feed, steps - step) if step < steps else ()

    def after_step(self, tally: Tally) -> None:
        """After a step of the optimiser, when all have heard of it."""
        self._look()
        run = self._run
        if run.stopped is not None or self._every.after_step(run.steps_before + run.step):
            self._save(tally)

    def hold(self, tally: Tally) -> Run | None:
        """Before a validation. Returns the run, where its stop shall break the validation off:
        one that takes long, before which the state is held."""
        self._validation_began = time.monotonic()
        if self._validation_seconds < _LONG:
            return None
        self._held = snapshot(self._state(tally))
        return self._run

    def let_go(self) -> None:
        """After it. Where it was broken off, what was held is written."""
        self._validation_seconds = time.monotonic() - self._validation_began
        held, self._held = self._held, None
        if self._run.stopped is not None and held is not None:
            self._write(held)

    def after_epoch(self, row: Mapping[str, float]) -> None:
        """After an epoch's row was told."""
        self._look()
        run = self._run
        is_last = run.epoch == run.epochs or run.stopped is not None
        if self._is_best(row) or is_last or self._every.after_epoch(run.epoch):
            self._save(None)

    def end(self) -> None:
        """The run has come to an end, and the model is as `fit` leaves it."""
        if not (self._run.is_over or self._run.pauses):
            self._write(snapshot(self._state(None, finished=True)), is_end=True)
        self._settle(self._background.wait)

    def _state(self, tally: Tally | None, *, finished: bool = False) -> State:
        also = self._asked.also
        position = {"best": self._best, "finished": finished}
        return take(self._run, self._pace, self._bookmark, self._about, also, tally, position)

    def _save(self, tally: Tally | None) -> None:
        self._write(snapshot(self._state(tally)))
        self._every.done(self._run.steps_before + self._run.step)

    def _write(self, taken: Snapshot, *, is_end: bool = False) -> None:
        """Hand a checkpoint to the thread that writes it: one at a time is under way."""
        if self._is_given_up:
            return
        self._tell_of_room(taken.bytes)
        self._number += 1
        number, folder = self._number, self._folder
        spared = [] if self._best is None else [int(self._best[1])]

        def write() -> None:
            folder.write(number, taken, is_end=is_end)
            self._tell_of_old(folder.drop_older(self._asked.keep, spared))

        self._settle(lambda: self._background.start(write))

    def _look(self) -> None:
        self._settle(self._background.look)

    def _settle(self, ask: Callable[[], None]) -> None:
        """`ask` the thread, which raises what went wrong in it: that ends the run, or is said."""
        try:
            ask()
        except ArtifactError as error:
            if self._asked.required:
                raise
            self._is_given_up = True
            say(f"{error}: the run goes on without checkpoints")

    def _is_best(self, row: Mapping[str, float]) -> bool:
        name = self._asked.best
        if name is None:
            return False
        if name not in row:
            if not may_come_later(name, row):
                raise missing("best= of Checkpoints", name, row)
            return False
        lower = lower_is_better(name, self._asked.mode)
        if self._best is not None and not is_better(row[name], self._best[0], lower):
            return False
        self._best = [row[name], float(self._number + 1)]
        return True

    def _tell_of_room(self, size: int) -> None:
        try:
            free = shutil.disk_usage(self._asked.folder).free
        except OSError:  # the folder is gone: who writes there says so
            return
        if free < _ROOM * size and not self._is_warned:
            self._is_warned = True
            say(
                f"{self._asked.folder}: {free / 1e6:,.0f} MB are left on the disk, and a "
                f"checkpoint takes {size / 1e6:,.0f} MB"
            )

    def _tell_of_old(self, why: str | None) -> None:
        """Once: the next checkpoint tries again."""
        if why is not None and not self._is_told:
            self._is_told = True
            say(f"{why}: the run goes on, and keeps more checkpoints than were asked for")

    def _goes_beyond(self, state: State) -> bool:
        more = self._run.epochs > int(state.about["epochs"])
        return more and state.position["stopped"] is None

    def _refuse(self, number: int, state: State) -> None:
        why = refusal(state.about, self._about) or check(state, self._run)
        done = int(state.position["epoch"])
        if why is None and done > self._run.epochs:
            why = f"epochs is {self._run.epochs}, and the saved run has come to epoch {done}"
        if why is not None:
            raise InputError(self._refusal(number, why))

    def _require_best(self) -> None:
        best = self._asked.best or ""
        if best.startswith("val_") and self._run.validation is None:
            raise InputError(
                f"Checkpoints: best is {best!r}, but this fit has no validation data: pass "
                "validation_data or validation_split, or choose another number"
            )

    def _refusal(self, number: int, why: object) -> str:
        return (
            f"checkpoint: {self._folder.place(number)} cannot go on here: {why}; pass what the "
            "saved run had, or another folder"
        )

    def _stand(self, tally: Tally | None, where: str) -> None:
        assert self._found is not None
        (number, state), self._found = self._found, None
        doubts = changes(state.about, self._about)
        also = self._asked.also
        try:
            doubts += stand(state, self._run, self._pace, self._bookmark, also, tally)
        except ArtifactError as error:
            raise ArtifactError(self._refusal(number, error)) from error
        place = self._folder.place(number)
        say(f"{place}: {where}")
        for doubt in doubts:
            say(f"{place}: not the same bit for bit: {doubt}")
        self._about["doubts"] = [*state.about["doubts"], *doubts]
        self._every.done(self._run.steps_before + self._run.step)


def _unwritable(path: Path, why: object) -> str:
    return f"checkpoint: cannot write in {path}: {why}: choose another folder"
