"""Whole runs in a local SQLite store, read back by MLflow's own client."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.callbacks import Checkpoint, EarlyStopping, MLflow
from lampas.errors import InputError, MissingExtraError

mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")

X = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
Y = (X.sum(1, keepdim=True) > 0).float()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One store for all tests: its tables take more than a second to make."""
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'runs.db'}"
    client = mlflow.MlflowClient(uri)
    client.create_experiment("rings", artifact_location=(folder / "artifacts").as_uri())
    yield client
    mlflow.set_tracking_uri(None)


@pytest.fixture
def own(store: Any) -> Any:
    """Makes a callback that starts a run of its own."""

    def make(**given: Any) -> MLflow:
        return MLflow(experiment="rings", tracking_uri=store.tracking_uri, **given)

    return make


def _model(lr: float = 0.01) -> lampas.Model:
    torch.manual_seed(0)
    model = lampas.Model(nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)))
    model.compile(torch.optim.Adam(model.parameters(), lr=lr), "bce_with_logits", ["accuracy"])
    return model


def _fit(model: lampas.Model, callbacks: Any, **named: Any) -> lampas.History:
    given = {"epochs": 3, "batch_size": 8, "validation_split": 0.25, "verbose": 0, **named}
    return model.fit(X, Y, callbacks=callbacks, **given)


def test_everything_is_there(store: Any, own: Any) -> None:
    model = _model()
    callback = own(run_name="first", params={"seed": 0}, tags={"team": "a"}, log_model=True)
    history = _fit(model, callback)
    run = store.get_run(callback.run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "first")
    assert store.get_experiment(run.info.experiment_id).name == "rings"
    for name, values in history.history.items():
        found = store.get_metric_history(callback.run_id, name)
        assert [metric.step for metric in found] == [1, 2, 3]
        assert [metric.value for metric in found] == pytest.approx(values)
    assert run.data.metrics["best_val_loss"] == pytest.approx(history.best["val_loss"])
    wanted = {
        "optimizer": "Adam", "lr": "0.01", "betas": "(0.9, 0.999)", "loss": "BCEWithLogitsLoss",
        "precision": "float32", "batch_size": "8", "epochs": "3", "steps_per_epoch": "6",
        "parameters": "17", "seed": "0",
    }  # fmt: skip
    assert run.data.params.items() >= wanted.items()
    assert run.data.tags["team"] == "a"
    report = Path(mlflow.artifacts.download_artifacts(f"{run.info.artifact_uri}/report.txt"))
    text = report.read_text("utf-8")
    assert "17 parameters" in text
    assert str(history) in text
    loaded = lampas.load(report.with_name("model.lampas"), net=_model().net)
    assert torch.equal(loaded.predict(X), model.predict(X))
    assert mlflow.active_run() is None
    assert not model._forward_pre_hooks


def test_the_users_run_is_used_and_left_open(store: Any) -> None:
    mlflow.set_tracking_uri(store.tracking_uri)
    with mlflow.start_run(experiment_id=store.get_experiment_by_name("rings").experiment_id) as run:
        mlflow.log_param("lr", "0.01")
        callback = MLflow()
        _fit(_model(), callback)
        assert callback.run_id == run.info.run_id
        assert mlflow.active_run().info.run_id == run.info.run_id
        mlflow.log_metric("mine", 1.0)
        assert store.get_run(run.info.run_id).info.status == "RUNNING"
        with pytest.raises(InputError) as caught:
            _fit(_model(), MLflow(run_name="other"))
        assert str(caught.value) == (
            "MLflow: a run is active already, and this one goes into it: leave run_name= out, or "
            "end that run with mlflow.end_run()"
        )
    assert store.get_run(run.info.run_id).data.metrics.keys() >= {"mine", "val_loss"}


def test_a_parameter_is_written_once(store: Any, capsys: Any) -> None:
    mlflow.set_tracking_uri(store.tracking_uri)
    with mlflow.start_run(experiment_id=store.get_experiment_by_name("rings").experiment_id) as run:
        _fit(_model(), MLflow(), epochs=1)
        _fit(_model(), MLflow(), epochs=2)
    assert capsys.readouterr().err == (
        f"MLflow: run {run.info.run_id} already has another epochs: a parameter is written once\n"
    )
    assert store.get_run(run.info.run_id).data.params["epochs"] == "1"


def test_an_error_marks_the_run(store: Any, own: Any) -> None:
    def fails(event: lampas.Event) -> None:
        if event.epoch == 3:  # the last epoch, whose row is there
            raise RuntimeError("no more\nat all")

    callback = own(log_model=True)
    with pytest.raises(RuntimeError, match="no more"):
        _fit(_model(), [fails, callback])
    run = store.get_run(callback.run_id)
    assert run.info.status == "FAILED"
    assert run.data.tags["error"] == "RuntimeError: no more"
    assert [one.path for one in store.list_artifacts(callback.run_id)] == ["report.txt"]
    assert mlflow.active_run() is None


def test_ctrl_c_and_a_stop(store: Any, own: Any) -> None:
    def interrupts(event: lampas.Event) -> None:
        raise KeyboardInterrupt

    killed, stopped = own(), own()
    with pytest.raises(KeyboardInterrupt):
        _fit(_model(), [killed, interrupts])
    _fit(_model(), [lambda event: lampas.Stop("enough"), stopped])
    runs = [store.get_run(one.run_id) for one in (killed, stopped)]
    assert [run.info.status for run in runs] == ["KILLED", "FINISHED"]
    assert runs[1].data.tags["stopped"] == "enough"


def test_a_run_that_is_continued_goes_on_in_its_run(store: Any, own: Any, capsys: Any) -> None:
    model, callback = _model(), own()
    _fit(model, callback, epochs=1)
    first = callback.run_id
    _fit(model, callback, epochs=2, initial_epoch=1)
    assert callback.run_id == first
    found = store.get_metric_history(first, "loss")
    assert [metric.step for metric in found] == [1, 2]
    assert store.get_run(first).info.status == "FINISHED"
    _fit(model, callback, epochs=1)
    assert callback.run_id != first


def test_the_model_is_that_of_the_best_epoch(store: Any, own: Any) -> None:
    model, callback = _model(lr=3.0), own(log_model=True)
    history = _fit(model, [callback, EarlyStopping(verbose=0)], epochs=20)
    assert history.best["epoch"] < len(history)
    uri = store.get_run(callback.run_id).info.artifact_uri
    path = mlflow.artifacts.download_artifacts(f"{uri}/model.lampas")
    assert torch.equal(lampas.load(path, net=_model().net).predict(X), model.predict(X))


def test_names_that_mlflow_does_not_take(store: Any, own: Any) -> None:
    model, callback = _model(), own()
    model.compile("sgd", "bce_with_logits", {"f1@½": lambda y_pred, y_true: y_pred.mean()})
    _fit(model, callback, epochs=1)
    assert "val_f1_½" in store.get_run(callback.run_id).data.metrics


def test_what_refuses_a_run_is_told_before_training(own: Any) -> None:
    def refuses(event: lampas.Event) -> None:
        raise InputError("no")

    refuses.hears = {"fit_begin"}  # pyright: ignore[reportFunctionMemberAccess]
    model = _model()
    with pytest.raises(InputError, match=r"^MLflow cannot start a run: .*'nowhere"):
        _fit(model, MLflow(tracking_uri="nowhere://"))
    with pytest.raises(InputError, match=r"^MLflow: params\['a'\] is of type list: pass"):
        own(params={"a": []})
    with pytest.raises(InputError, match=r"^no$"):
        _fit(model, [own(), refuses])
    assert mlflow.active_run() is None
    assert not model._forward_pre_hooks


def test_a_missing_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r"^MLflow needs mlflow: pip install 'lampas\[ml"):
        _fit(_model(), MLflow())


class Full:
    """From the second epoch on, no file can grow beyond what MLflow's store has now."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def __call__(self, event: lampas.Event) -> None:
        if event.epoch == 2:
            limit_files(self.store.stat().st_size)


def limit_files(size: int) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limits")
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.fixture
def limits() -> Iterator[None]:
    resource = pytest.importorskip("resource", reason="this system has no limits")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("limits")
def test_a_full_disk_costs_the_log_alone(
    store: Any, own: Any, tmp_path: Path, capsys: Any, caplog: Any
) -> None:
    caplog.set_level("CRITICAL")  # MLflow's own traceback
    path = Path(store.tracking_uri.removeprefix("sqlite:///"))
    many = {f"parameter {number}": "x" * 200 for number in range(150)}
    kept = Checkpoint(tmp_path, save="last", every=30)
    model, callback = _model(), own(params=many)
    assert len(_fit(model, [Full(path), callback, kept], epochs=60)) == 60
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "MLflow:" in line]
    assert re.fullmatch(
        r"MLflow: the log cannot be written \(.+\): the run goes on without it", said
    )
    loaded = lampas.load(tmp_path / "last.lampas", net=_model().net)
    assert torch.equal(loaded.predict(X), model.predict(X))
    assert mlflow.active_run() is None
