"""A run as Weights & Biases keeps it: configuration, numbers, a summary, the model's file."""

import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Literal, final, get_args

from lampas.board.rows import StepRows, rates_of
from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.extras import required
from lampas.callbacks.facts import best_of, facts_of, is_fault, outcome_of, require_pairs
from lampas.callbacks.files import require_writable
from lampas.callbacks.outside import Outside
from lampas.errors import InputError
from lampas.first_inputs import FirstInputs
from lampas.settings import Plain

WandBMode = Literal["online", "offline", "disabled"]

SEND_SECONDS = 1.0
"""Losses of steps are read this often: reading waits for the device."""

_PROBE = 1 << 16  # bytes


@final
class WandB(Callback):
    """Logs a run with Weights & Biases: into the user's active run, which stays open, or into one
    of its own.

    Each epoch logs the history's columns ("loss", "val_loss", ...) over "epoch". `every`: of each
    so many steps also "step/loss" and "step/lr", over "step", read once a second; 0: of none.
    The config holds what `compile` and `fit` decided (optimiser and its options, loss,
    precision, batch size, epochs, number of parameters) and `config`; what a user's own run
    has there already stays. The summary gets the numbers of the best epoch as "best_epoch",
    "best_val_loss" and so on, and "stopped" or "error" where the run ended early; wandb shows a
    run that failed as such.

    `project`, `name`, `mode`, `folder`: as `wandb.init` takes them (`folder` is its `dir`); by
    default what the environment says, such as WANDB_MODE=offline. Whoever needs more of
    `wandb.init` calls it first. `log_model`: `model.save`'s file as an artifact "model-ID", with
    the weights that the run leaves, unless it failed.

    wandb's own process writes the log and tells nobody where the disk is full, so this tries to
    write beside it after each epoch. Where that fails, or wandb does, one line on stderr says so
    and the run goes on without its log. Before any training it is an `InputError`, as are values
    that cannot be used; `MissingExtraError` where wandb is not installed.

    >>> WandB("rings", mode="offline", every=10).step_every
    10
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "step", "epoch_end", "fit_end"})
    last: ClassVar[bool] = True

    def __init__(
        self,
        project: str | None = None,
        name: str | None = None,
        mode: WandBMode | None = None,
        folder: str | PathLike[str] | None = None,
        config: Mapping[str, Plain] | None = None,
        every: int = 0,
        log_model: bool = False,
    ) -> None:
        if mode is not None and mode not in get_args(WandBMode):
            raise InputError(f"WandB: mode must be one of {get_args(WandBMode)}, not {mode!r}")
        if every < 0:
            raise InputError(f"WandB: every must be 0 or more, not {every!r}")
        self.project = project
        self.name = name
        self.mode: WandBMode | None = mode
        self.folder = None if folder is None else Path(folder)
        self.config = require_pairs(config, "WandB: config")
        self.step_every = every
        self.log_model = log_model
        self._outside = Outside("WandB")
        self._wandb: Any = None  # the library and its run, while one is under way
        self._run: Any = None
        self._owns = False
        self._inputs: FirstInputs | None = None
        self._charted: set[str] = set()
        self._rows = StepRows()
        self._steps = 0  # of the epochs before
        self._next = 0.0

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._outside = Outside("WandB")
            self._outside.start(self._begin, required("wandb", "WandB"), event)
        elif self._run is not None and event.kind == "step":
            self._outside.attempt(self._step, event)
        elif self._run is not None and event.kind == "epoch_end":
            self._outside.attempt(self._end_epoch, event)
        elif self._run is not None:
            self._outside.attempt(self._report, event)
            self._outside.attempt_anyway(self._close, event)
            self._leave()

    def _begin(self, wandb: Any, event: Event) -> None:
        self._wandb, self._owns = wandb, wandb.run is None
        self._rows, self._charted = StepRows(), set()
        self._steps, self._next = len(event.history) * (event.steps or 0), 0.0
        self._run = self._own_run(wandb) if self._owns else self._users_run(wandb)
        self._configure(facts_of(event))
        self._run.config.update(self.config, allow_val_change=True)
        self._inputs = FirstInputs(event.model)

    def _own_run(self, wandb: Any) -> Any:
        if self.folder is not None:
            require_writable(self.folder, "WandB")
        return wandb.init(project=self.project, name=self.name, mode=self.mode, dir=self.folder)

    def _users_run(self, wandb: Any) -> Any:
        for name in ("project", "name", "mode", "folder"):
            if getattr(self, name) is not None:
                raise InputError(
                    f"WandB: a run is active already, and this one goes into it: leave {name}= "
                    "out, or end that run with wandb.finish()"
                )
        return wandb.run

    def _configure(self, facts: Mapping[str, Plain]) -> None:
        there = set(self._run.config.keys())
        self._run.config.update({n: v for n, v in facts.items() if n not in there})

    def _step(self, event: Event) -> None:
        step = self._steps + event.step
        if not self.step_every or step % self.step_every:
            return
        self._rows.keep(step, event.losses, [], rates_of(event.model.plan.named_optimizers))
        if time.monotonic() >= self._next:
            self._drain()

    def _drain(self) -> None:
        for step, _, numbers in self._rows.drain():
            self._log("step", {"step": step, **numbers})
        self._next = time.monotonic() + SEND_SECONDS

    def _end_epoch(self, event: Event) -> None:
        self._steps += event.step
        self._take_batch_size()
        self._drain()
        self._log("epoch", {**event.logs, "epoch": event.epoch})
        self._probe()

    def _log(self, axis: str, row: Mapping[str, float]) -> None:
        """One row of numbers over `axis`. wandb counts its own steps: the user may log too."""
        for name in row.keys() - self._charted:
            self._run.define_metric(name, step_metric=None if name == axis else axis)
        self._charted |= row.keys()
        self._run.log(dict(row))

    def _probe(self) -> None:
        """Raise `OSError` where nothing more can be written beside wandb's log."""
        folder = Path(self._run.dir)
        if folder.is_dir():  # a disabled run has none
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(_PROBE))

    def _take_batch_size(self) -> None:
        if self._inputs is not None and self._inputs.batch_size is not None:
            self._configure({"batch_size": self._inputs.batch_size})
        self._leave_inputs()

    def _report(self, event: Event) -> None:
        self._drain()
        best = best_of(event.history)
        self._run.summary.update({**best, **outcome_of(event)})
        if self.log_model and best and not is_fault(event):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.lampas"
                event.model.save(path)
                artifact = self._wandb.Artifact(f"model-{self._run.id}", type="model")
                artifact.add_file(str(path))  # copied
                self._run.log_artifact(artifact)
        self._probe()

    def _close(self, event: Event) -> None:
        """wandb's codes: 0 finished, 1 failed, 255 ended by Ctrl-C."""
        if self._owns:
            self._run.finish(exit_code=0 if event.error is None else 1 if is_fault(event) else 255)

    def _leave(self) -> None:
        if self._owns and self._wandb.run is self._run:
            # It could not be finished, for wandb's process is dead: the next run needs another.
            with suppress(Exception):
                self._wandb.teardown()
            self._wandb.run = None
        self._wandb, self._run = None, None
        self._leave_inputs()

    def _leave_inputs(self) -> None:
        if self._inputs is not None:
            self._inputs.leave()
        self._inputs = None
