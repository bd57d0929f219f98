"""What a tracker is told of a run beside its numbers: how it was set up, and what came of it."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from lampas.callbacks.base import Event
from lampas.errors import InputError, LampasError
from lampas.history import History
from lampas.record.about import failure
from lampas.settings import Plain, results_of, settings_of

# How a step is computed, not what it computes.
_HOW = {"params", "param_names", "initial_lr", "foreach", "fused", "capturable", "differentiable"}


def facts_of(event: Event) -> dict[str, Plain]:
    """What `compile` and `fit` decided: the optimiser with its options, the loss, precision, number
    of parameters, epochs, and the steps of an epoch where they are known.

    >>> import lampas, torch
    >>> model = lampas.Model(torch.nn.Linear(2, 1))
    >>> model.compile(torch.optim.Adam(model.parameters(), betas=(0.8, 0.9)), "mse")
    >>> found = facts_of(Event("fit_begin", model, model.history, 0, 3, 0, 10, {}))
    >>> found["optimizer"], found["lr"], found["betas"], found["epochs"], found["steps_per_epoch"]
    ('Adam', 0.001, '(0.8, 0.9)', 3, 10)
    """
    found: dict[str, Plain] = {}
    for name, optimizer in event.model.plan.named_optimizers.items():
        found |= _options(f"{name}." if name else "", optimizer)
    found |= {name: value for name, value in settings_of(event.model).items() if value != ""}
    found["epochs"] = event.epochs
    if event.steps is not None:
        found["steps_per_epoch"] = event.steps
    return found


def best_of(history: History) -> dict[str, float]:
    """The numbers of the best epoch, each as "best_…"; {} before the first has ended.

    >>> best_of(History.from_rows([{"loss": 0.5}, {"loss": 0.25}]))
    {'best_epoch': 2.0, 'best_loss': 0.25}
    """
    found = results_of(history).items()
    return {name if name == "best_epoch" else f"best_{name}": value for name, value in found}


def report_of(event: Event) -> str:
    """The layers, the history and how the run ended, as text."""
    try:
        parts = [str(event.model.summary())]
    except LampasError:  # a net that no summary can be made of
        parts = [str(event.model)]
    parts += [str(event.history), *outcome_of(event).values()]
    return "\n\n".join(parts) + "\n"


def outcome_of(event: Event) -> dict[str, str]:
    """Of a "fit_end": "error" or "stopped", and why; {} where the run came to its end."""
    if event.history.stopped is not None:
        return {"stopped": event.history.stopped}
    return {} if event.error is None else {"error": failure(event.error)["error"]}


def is_fault(event: Event) -> bool:
    """Of a "fit_end": whether the run ended with an error other than Ctrl-C."""
    return event.error is not None and not isinstance(event.error, KeyboardInterrupt)


def require_pairs(given: Mapping[str, Any] | None, what: str) -> dict[str, Plain]:
    """`given` as a dict of plain values. Raises `InputError`, naming `what`, for others.

    >>> require_pairs({"lr": [1]}, "MLflow: params")
    Traceback (most recent call last):
    lampas.errors.InputError: MLflow: params['lr'] is of type list: pass a number or a text
    """
    for name, value in (given or {}).items():
        if not isinstance(value, bool | int | float | str | None):
            raise InputError(
                f"{what}[{name!r}] is of type {type(value).__name__}: pass a number or a text"
            )
    return dict(given or {})


def _options(prefix: str, optimizer: Any) -> dict[str, Plain]:
    """The options of the first group, those of `settings_of` among them."""
    group: dict[str, Any] = optimizer.param_groups[0]
    return {
        f"{prefix}{name}": _plain(value)
        for name, value in group.items()
        if name not in _HOW and value is not None
    }


def _plain(value: Any) -> Plain:
    if isinstance(value, bool | int | float | str):
        return value
    return float(value) if isinstance(value, Tensor) and value.ndim == 0 else str(value)
