"""Real studies: what Optuna prunes ends, and the study knows."""

import math
import sys
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.callbacks import EarlyStopping, OptunaPruning
from lampas.errors import InputError, MissingExtraError

optuna = pytest.importorskip("optuna", reason="optuna is not installed")

X = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
Y = (X.sum(1, keepdim=True) > 0).float()


@pytest.fixture(scope="module", autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


class After(optuna.pruners.BasePruner):
    """Prunes from a step on."""

    def __init__(self, step: int) -> None:
        self.step = step

    def prune(self, study: Any, trial: Any) -> bool:
        return trial.last_step is not None and trial.last_step >= self.step


def _study(pruner: Any = None, direction: str = "minimize") -> Any:
    return optuna.create_study(direction=direction, pruner=pruner or optuna.pruners.NopPruner())


def _fit(callbacks: Any, lr: float = 0.1, **named: Any) -> lampas.History:
    torch.manual_seed(0)
    model = lampas.Model(nn.Linear(2, 1))
    model.compile(torch.optim.SGD(model.parameters(), lr=lr), "bce_with_logits", ["accuracy"])
    given = {"epochs": 3, "batch_size": 8, "validation_split": 0.25, "verbose": 0, **named}
    return model.fit(X, Y, callbacks=callbacks, **given)


class Ends(lampas.Callback):
    """What others hear of a run."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, event: lampas.Event) -> None:
        self.heard.append(event.kind)
        self.stopped = event.history.stopped
        self.rows = event.history.rows


def test_a_study_prunes_the_hopeless() -> None:
    def objective(trial: Any) -> float:
        # The first two learn; the third does not.
        history = _fit(OptunaPruning(trial), lr=0.0 if trial.number == 2 else 0.5)
        return history.best["val_loss"]

    study = _study(optuna.pruners.MedianPruner(n_startup_trials=2))
    study.optimize(objective, n_trials=3)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE", "PRUNED"]
    assert list(study.trials[0].intermediate_values) == [1, 2, 3]
    assert study.trials[0].value == min(study.trials[0].intermediate_values.values())
    assert list(study.trials[2].intermediate_values) == [1]


def test_all_others_hear_the_epoch_and_the_end() -> None:
    trial, ends = _study(After(2)).ask(), Ends()
    with pytest.raises(optuna.TrialPruned) as caught:
        _fit([OptunaPruning(trial), ends, EarlyStopping(verbose=0)])
    assert ends.heard == ["fit_begin", "epoch_end", "epoch_end", "fit_end"]
    assert ends.stopped == f"OptunaPruning: {caught.value}"
    loss = lampas.printing.number(ends.rows[1]["val_loss"])
    assert str(caught.value) == f"trial 0 is pruned: val_loss {loss} in epoch 2"


def test_a_score_goes_up() -> None:
    def objective(trial: Any) -> float:
        history = _fit(OptunaPruning(trial, "val_accuracy"), lr=1e-9 if trial.number else 1.0)
        return history.rows[-1]["val_accuracy"]

    study = _study(optuna.pruners.MedianPruner(n_startup_trials=1), "maximize")
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED"]


def test_a_run_that_diverges_is_pruned_whatever_the_pruner() -> None:
    def objective(trial: Any) -> float:
        model = lampas.Model(nn.Linear(2, 1))
        model.compile(torch.optim.SGD(model.parameters(), lr=1e30), "mse")
        model.fit(X, Y, epochs=3, verbose=0, callbacks=OptunaPruning(trial, "loss"))
        return 0.0

    study = _study()
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state.name == "PRUNED"


def test_nan_is_reported_as_it_is(capsys: Any) -> None:
    class Odd(nn.Module):
        def forward(self, y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
            return y_pred.mean() / 0 * 0

    def objective(trial: Any) -> float:
        model = lampas.Model(nn.Linear(2, 1))
        model.compile("sgd", "mse", {"odd_error": Odd()})
        model.fit(X, Y, verbose=0, callbacks=OptunaPruning(trial, "odd_error"))
        return 0.0

    pruner = optuna.pruners.PercentilePruner(50, n_startup_trials=0)
    study = _study(pruner)
    study.add_trial(optuna.create_trial(value=0.0, intermediate_values={1: 0.5}))
    study.optimize(objective, n_trials=1)
    assert study.trials[1].state.name == "PRUNED"
    assert math.isnan(study.trials[1].intermediate_values[1])
    assert capsys.readouterr().err == ""


def test_only_epochs_that_validate_are_reported() -> None:
    trial = _study().ask()
    _fit(OptunaPruning(trial), epochs=4, validation_freq=2)
    assert list(trial.study.trials[0].intermediate_values) == [2, 4]


def test_an_error_is_not_hidden_behind_a_pruning() -> None:
    def fails(event: lampas.Event) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        _fit([OptunaPruning(_study(After(1)).ask()), fails])


def test_a_storage_that_fails_costs_the_pruning_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def away(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    trial = _study(After(1)).ask()
    monkeypatch.setattr(trial.storage, "set_trial_intermediate_value", away)
    assert len(_fit(OptunaPruning(trial))) == 3
    assert capsys.readouterr().err == (
        "OptunaPruning: Optuna cannot be asked (No space left on device): the run goes on without "
        "it\n"
    )


def test_a_fixed_trial_is_never_pruned() -> None:
    assert len(_fit(OptunaPruning(optuna.trial.FixedTrial({"lr": 0.1})))) == 3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: OptunaPruning(_study(direction="maximize").ask()),
            "OptunaPruning: the study maximizes, but a lower 'val_loss' is better: "
            "create_study(direction='minimize'), or monitor what the objective returns",
        ),
        (
            lambda: OptunaPruning(_study().ask(), "val_accuracy"),
            "OptunaPruning: the study minimizes, but a higher 'val_accuracy' is better: "
            "create_study(direction='maximize'), or monitor what the objective returns",
        ),
        (
            lambda: OptunaPruning(optuna.create_study(directions=["minimize"] * 2).ask()),
            "OptunaPruning: the study has 2 objectives, and Optuna prunes only studies of one: "
            "leave the callback out",
        ),
        (
            lambda: OptunaPruning(_study()),
            "OptunaPruning: trial is of type Study: pass the trial that the objective is called "
            "with",
        ),
        (
            lambda: OptunaPruning(_study().ask(), "profit"),
            "is a lower or a higher 'profit' better? The name does not say: pass mode='min' or "
            "mode='max'",
        ),
    ],
)
def test_wrong_use_is_one_line(make: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == said


def test_without_validation_there_is_nothing_to_report() -> None:
    with pytest.raises(InputError, match=r"^OptunaPruning watches 'val_loss', but this fit has no"):
        _fit(OptunaPruning(_study().ask()), validation_split=0.0)


def test_a_missing_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"^OptunaPruning needs optuna: pip install 'lamp"):
        OptunaPruning(None)
