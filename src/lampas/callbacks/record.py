"""A callback that keeps a run, for `lampas report`, `lampas runs` and `lampas compare`."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, final

import torch

from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.files import require_writable
from lampas.callbacks.outside import reason_of
from lampas.callbacks.run_log import RunLog
from lampas.callbacks.say import say
from lampas.first_inputs import FirstInputs
from lampas.place import Place, claim
from lampas.record.about import described, ended, failure, scores_of
from lampas.record.asked import names_of, task_to_judge
from lampas.record.files import HISTORY, RUN, write_json
from lampas.record.fingerprints import of_script
from lampas.settings import Plain, require_plain, settings_of
from lampas.summary import Summary

if TYPE_CHECKING:
    from lampas.model import Model
    from lampas.tables.schema import Scalar

_LOCK = ".recording"


@final
class Record(Callback):
    """Keeps a run of `fit` in `folder`; `lampas report FOLDER` makes a page of it.

    `history.csv` and `vitals.csv` (seconds, learning rate, gradient norm, memory) grow with the
    run; at its end come `run.json` with what the model was told and where the time went, and
    `summary.txt`. Sampled steps tell what a step consists of; the others pay nothing.

    `held_out`: data as `validation_data` takes them: what the model says of them at the end is
    kept too, with the worst mistakes. `classes`: the names of the classes in the order of their
    numbers, or of several targets. `settings`: what else is to be known of the run.

    A folder that holds another run, or that is being written, is left alone: this run goes into a
    numbered sub-folder, and a line says so. A run that is continued (`initial_epoch`), or goes on
    from a checkpoint, goes on in its folder. Where the disk is full, one line says so and the run
    goes on without its record.

    Raises `InputError` at once for `classes` that are no names, and before any training where the
    folder cannot be written, or where the loss does not say how `held_out` is to be judged.

    >>> Record("runs/first").folder.name
    'first'
    """

    hears: ClassVar[frozenset[EventKind]] = RunLog.hears
    reads_gradients: ClassVar[bool] = True
    last: ClassVar[bool] = True  # what others change at the end is what is judged

    def __init__(
        self,
        folder: str | PathLike[str],
        held_out: Any = None,
        classes: "Sequence[Scalar] | None" = None,
        settings: Mapping[str, Plain] | None = None,
    ) -> None:
        require_plain(settings or {}, "Record")
        self.folder = Path(folder)
        self.held_out = held_out
        self.classes = names_of(classes)
        self.settings = dict(settings or {})
        self.step_every = 1  # as the log asks for it
        self._place: Place | None = None
        self._log: RunLog | None = None
        self._code: dict[str, Any] = {}
        self._inputs: FirstInputs | None = None

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._begin(event)
        if self._log is not None:
            self._log(event)
            self.step_every = self._log.step_every
        if event.kind == "fit_end":
            self._end(event)

    def _begin(self, event: Event) -> None:
        if self.held_out is not None:
            task_to_judge(event.model)
        require_writable(self.folder, "Record")
        here = self._place is not None and len(event.history)
        if here or event.resumed:  # the run goes on
            self._place = claim(self._place.folder if self._place else self.folder, _LOCK)
        else:
            self._place = claim(self.folder, _LOCK, _holds_run)
        if self._place.note is not None:
            say(f"Record: {self._place.note}")
        self._code = of_script()  # as it is now: it may be edited while it runs
        self._log = RunLog(self._place.folder)
        self._inputs = FirstInputs(event.model)

    def _end(self, event: Event) -> None:
        log, place, inputs = self._log, self._place, self._inputs
        self._log = self._inputs = None
        if log is None or place is None or inputs is None:
            return
        inputs.leave()
        try:
            if len(event.history):
                self._complete(event, log, inputs)
        except Exception as error:  # the user's net on other data: it may be anything
            say(f"Record: not all of the run is kept in {place.folder}: {reason_of(error)}")
        finally:
            place.release()

    def _complete(self, event: Event, log: RunLog, inputs: FirstInputs) -> None:
        """Write what is known at the end, the dearest last."""
        model, history, folder = event.model, event.history, log.folder
        size = {} if inputs.batch_size is None else {"batch_size": inputs.batch_size}
        settings = {**settings_of(model), **size, **self.settings}
        complete = event.error is None or history.stopped is not None
        about = {
            **ended(history, settings, scores_of(history)),
            **({} if complete else failure(event.error)),
            "seconds": round(log.seconds, 3),
            **log.gauged,
            "code": self._code,
        }
        write_json(folder / RUN, about)
        memory = described(folder, _summary(model, inputs), inputs.batch_size)
        write_json(folder / RUN, {**about, **memory})
        if self.held_out is not None and complete:
            from lampas.record.evidence import write_evidence
            from lampas.record.judged import judged

            evidence = judged(model, self.held_out, self.classes)
            write_evidence(folder, evidence, "sample")


def _holds_run(folder: Path) -> str | None:
    there = (folder / RUN).exists() or (folder / HISTORY).exists()
    return "holds another run" if there else None


def _summary(model: "Model", inputs: FirstInputs) -> Summary:
    """For batches of any size, where each input is a tensor with a row a sample."""
    if inputs.args is None:  # the net was called past its `__call__`
        return model.summary()
    given: list[Any] = [*inputs.args, *inputs.kwargs.values()]
    if inputs.batch_size is None or not all(isinstance(one, torch.Tensor) for one in given):
        return model.summary(inputs=inputs.kwargs or inputs.args)
    if inputs.kwargs:
        shapes = {name: tuple(one.shape[1:]) for name, one in inputs.kwargs.items()}
        return model.summary(shapes, {name: one.dtype for name, one in inputs.kwargs.items()})
    return model.summary([tuple(one.shape[1:]) for one in given], [one.dtype for one in given])
