"""A run as MLflow keeps it: parameters, metrics of each epoch, a report, the model's file."""

import re
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, final

from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.extras import required
from lampas.callbacks.facts import best_of, facts_of, is_fault, outcome_of, report_of, require_pairs
from lampas.callbacks.outside import Outside
from lampas.callbacks.say import say
from lampas.errors import InputError
from lampas.first_inputs import FirstInputs
from lampas.settings import Plain

_FOREIGN = re.compile(r"[^\w\-. :/]")  # what MLflow takes in no name
_MOST = 100  # parameters and tags that its servers take at once


@final
class MLflow(Callback):
    """Logs a run with MLflow: into the user's active run, which stays open, or into one of its own.

    Metrics are the history's columns ("loss", "val_loss", ...), their step is the epoch; at the
    end come the numbers of the best epoch as "best_epoch", "best_val_loss" and so on. Parameters
    are what `compile` and `fit` decided (optimiser and its options, loss, precision, batch size,
    epochs, number of parameters), and `params`. The artifact "report.txt" has the layers, the
    history and how the run ended. The run's status is FINISHED, also where a callback stopped
    it; FAILED after an error, with the tag "error"; KILLED after Ctrl-C.

    `tracking_uri`: as `mlflow.set_tracking_uri` sets it, for the whole process. `experiment`: its
    name; made where it lacks. By default both are what is set. `run_name`: of a run of its own.
    `params`, `tags`: more of them. `log_model`: `model.save`'s file as the artifact
    "model.lampas", with the weights that the run leaves, unless it failed. `run_id` names the
    run, None before the first.

    A parameter is written once, as MLflow demands: one that the run already has with another
    value stays, and a line says so. A run that is continued (`initial_epoch`) by the same object
    goes on in its run.

    Where the store fails in the middle of a run, one line on stderr says so and the run goes on
    without its log. Before any training it is an `InputError`, as are names and values that
    cannot be used; `MissingExtraError` where mlflow is not installed.

    >>> MLflow(experiment="rings", params={"seed": 0}).run_id is None
    True
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "epoch_end", "fit_end"})
    last: ClassVar[bool] = True

    def __init__(
        self,
        experiment: str | None = None,
        run_name: str | None = None,
        tracking_uri: str | None = None,
        params: Mapping[str, Plain] | None = None,
        tags: Mapping[str, str] | None = None,
        log_model: bool = False,
    ) -> None:
        self.experiment = experiment
        self.run_name = run_name
        self.tracking_uri = tracking_uri
        self.params = require_pairs(params, "MLflow: params")
        self.tags = require_pairs(tags, "MLflow: tags")
        self.log_model = log_model
        self.run_id: str | None = None
        self._outside = Outside("MLflow")
        self._owns = False
        self._mlflow: Any = None  # the library and its client, while a run is under way
        self._client: Any = None
        self._inputs: FirstInputs | None = None

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            self._outside = Outside("MLflow")
            self._outside.start(self._begin, required("mlflow", "MLflow"), event)
        elif self._client is not None and event.kind == "epoch_end":
            self._outside.attempt(self._end_epoch, event)
        elif self._client is not None:
            self._outside.attempt(self._report, event)
            self._outside.attempt_anyway(self._close, event)
            self._leave()

    def _begin(self, mlflow: Any, event: Event) -> None:
        self._mlflow, self._owns = mlflow, mlflow.active_run() is None
        run = self._own_run(mlflow, event) if self._owns else self._users_run(mlflow)
        self.run_id, self._client = run.info.run_id, mlflow.MlflowClient()
        self._inputs = FirstInputs(event.model)
        self._set({**facts_of(event), **self.params}, self.tags)

    def _own_run(self, mlflow: Any, event: Event) -> Any:
        if self.tracking_uri is not None:
            mlflow.set_tracking_uri(self.tracking_uri)
        experiment = None if self.experiment is None else _experiment(mlflow, self.experiment)
        continued = self.run_id if len(event.history) else None
        return mlflow.start_run(continued, experiment, self.run_name)

    def _users_run(self, mlflow: Any) -> Any:
        for name in ("tracking_uri", "experiment", "run_name"):
            if getattr(self, name) is not None:
                raise InputError(
                    f"MLflow: a run is active already, and this one goes into it: leave {name}= "
                    "out, or end that run with mlflow.end_run()"
                )
        return mlflow.active_run()

    def _end_epoch(self, event: Event) -> None:
        if self._inputs is not None:
            size = self._inputs.batch_size
            self._set({} if size is None else {"batch_size": size}, {})
            self._leave_inputs()
        self._measure({n: v for n, v in event.logs.items() if n != "epoch"}, event.epoch)

    def _report(self, event: Event) -> None:
        best = best_of(event.history)
        self._measure(best, int(best.get("best_epoch", 0)))
        self._set({}, outcome_of(event))
        self._client.log_text(self.run_id, report_of(event), "report.txt")
        if self.log_model and best and not is_fault(event):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.lampas"
                event.model.save(path)
                self._client.log_artifact(self.run_id, str(path))

    def _close(self, event: Event) -> None:
        """Give a run of ours its status; the active run is the process's, so it is left too."""
        if not self._owns:
            return
        status = "FINISHED" if event.error is None else "FAILED" if is_fault(event) else "KILLED"
        active = self._mlflow.active_run()
        if active is not None and active.info.run_id == self.run_id:
            self._mlflow.end_run(status)
        else:  # somebody ended ours, or began another
            self._client.set_terminated(self.run_id, status)

    def _set(self, params: Mapping[str, Plain], tags: Mapping[str, Plain]) -> None:
        """Write parameters that the run lacks, and tags."""
        there = self._client.get_run(self.run_id).data.params
        given = {_named(name): str(value) for name, value in params.items()}
        self._say_kept([name for name in given if there.get(name, given[name]) != given[name]])
        param = self._mlflow.entities.Param
        new = [param(*pair) for pair in given.items() if pair[0] not in there]
        for start in range(0, len(new), _MOST):
            self._client.log_batch(self.run_id, params=new[start : start + _MOST])
        for name, value in tags.items():
            self._client.set_tag(self.run_id, name, str(value))

    def _say_kept(self, names: list[str]) -> None:
        if names:
            say(
                f"MLflow: run {self.run_id} already has another {', '.join(names)}: a parameter "
                "is written once"
            )

    def _measure(self, numbers: Mapping[str, float], step: int) -> None:
        metric, now = self._mlflow.entities.Metric, int(1000 * time.time())
        metrics = [metric(_named(name), value, now, step) for name, value in numbers.items()]
        if metrics:
            self._client.log_batch(self.run_id, metrics=metrics)

    def _leave(self) -> None:
        self._mlflow, self._client = None, None
        self._leave_inputs()

    def _leave_inputs(self) -> None:
        if self._inputs is not None:
            self._inputs.leave()
        self._inputs = None


def _experiment(mlflow: Any, name: str) -> str:
    """The id of the experiment called `name`. Not `set_experiment`, which the next run, perhaps in
    another store, would inherit."""
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name)
        except mlflow.MlflowException:
            found = client.get_experiment_by_name(name)
            if found is None:  # no other process was faster
                raise
    return found.experiment_id


def _named(name: str) -> str:
    """A name as MLflow takes it.

    >>> _named("0.betas"), _named("f1@0.5")
    ('0.betas', 'f1_0.5')
    """
    return _FOREIGN.sub("_", name)
