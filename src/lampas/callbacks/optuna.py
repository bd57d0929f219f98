"""Optuna decides after each epoch whether a trial is worth the rest of its run."""

import warnings
from typing import Any, ClassVar, final

from lampas.callbacks.base import Callback, Event, EventKind, Stop
from lampas.callbacks.extras import required
from lampas.callbacks.outside import Outside
from lampas.callbacks.watch import Watch
from lampas.errors import InputError
from lampas.monitor import Mode
from lampas.printing import number


@final
class OptunaPruning(Callback):
    """Reports `monitor` to an Optuna `trial` after each epoch, and ends what Optuna prunes.

    The pruned run ends as with any `Stop`: the epoch is in the history, callbacks finish their
    work, and then `optuna.TrialPruned` comes out of `fit`, for the study to catch. A run whose
    loss becomes nan or infinite is pruned too, whatever the pruner, instead of ending the study.

    `trial`: the one that the objective got. `monitor`: a column of the history; an epoch that
    lacks it (`validation_freq`) reports nothing. `mode`: as in `EarlyStopping`. The step of a
    report is the epoch: a trial has one `fit`, or several that go on from each other
    (`initial_epoch`), since Optuna keeps the first report of a step.

    Raises `InputError` at once where the study's direction is not the monitor's, where it has
    several objectives, which Optuna does not prune, and for what is no trial;
    `MissingExtraError` where optuna is not installed. Where the study's storage fails in the
    middle of a run, one line on stderr says so and the run goes on, unpruned.

    >>> import optuna
    >>> study = optuna.create_study(direction="maximize")
    >>> OptunaPruning(study.ask(), monitor="val_loss")
    Traceback (most recent call last):
    ...
    lampas.errors.InputError: OptunaPruning: the study maximizes, but a lower 'val_loss' is ...
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset(
        {"fit_begin", "epoch_end", "non_finite", "fit_end"}
    )

    def __init__(self, trial: Any, monitor: str = "val_loss", mode: Mode = "auto") -> None:
        self._optuna = required("optuna", "OptunaPruning")
        if not isinstance(trial, self._optuna.trial.BaseTrial):
            raise InputError(
                f"OptunaPruning: trial is of type {type(trial).__name__}: pass the trial that the "
                "objective is called with"
            )
        self.trial = trial
        self._watch = Watch("OptunaPruning", monitor, mode)
        self._outside = Outside("OptunaPruning", "Optuna cannot be asked")
        self._is_hopeless = False
        self._pruned: str | None = None
        _check_direction(getattr(trial, "study", None), self._watch)

    def __call__(self, event: Event) -> Stop | None:
        if event.kind == "fit_begin":
            self._outside.lost, self._is_hopeless, self._pruned = False, False, None
            self._watch.begin(event)
        elif event.kind == "epoch_end":
            return self._report(event)
        elif event.kind == "non_finite":
            return self._prune(f"the loss is not finite in epoch {event.epoch}")
        elif self._pruned is not None and event.error is None:
            raise self._optuna.TrialPruned(self._pruned)
        else:
            self._watch.warn_if_never()
        return None

    def _report(self, event: Event) -> Stop | None:
        if self._watch.take(event.logs) is None:
            return None
        value = self._watch.value
        self._outside.attempt(self._ask, value, event.epoch)
        if not self._is_hopeless:
            return None
        return self._prune(f"{self._watch.monitor} {number(value)} in epoch {event.epoch}")

    def _ask(self, value: float, epoch: int) -> None:
        self.trial.report(value, epoch)
        if value == value:
            self._is_hopeless = self.trial.should_prune()
            return
        with warnings.catch_warnings():  # numpy's, when Optuna's pruners look for the least of nan
            warnings.simplefilter("ignore", RuntimeWarning)
            self._is_hopeless = self.trial.should_prune()

    def _prune(self, why: str) -> Stop:
        self._pruned = f"trial {self.trial.number} is pruned: {why}"
        return Stop(f"OptunaPruning: {self._pruned}")


def _check_direction(study: Any, watch: Watch) -> None:
    """A fixed trial has no study, and no direction."""
    if study is None:
        return
    directions = [direction.name.lower() for direction in study.directions]
    if len(directions) > 1:
        raise InputError(
            f"OptunaPruning: the study has {len(directions)} objectives, and Optuna prunes only "
            "studies of one: leave the callback out"
        )
    wanted = "minimize" if watch.lower else "maximize"
    if directions[0] not in (wanted, "not_set"):
        better = "lower" if watch.lower else "higher"
        raise InputError(
            f"OptunaPruning: the study {directions[0]}s, but a {better} {watch.monitor!r} is "
            f"better: create_study(direction={wanted!r}), or monitor what the objective returns"
        )
