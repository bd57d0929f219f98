"""Hyperparameters of a run, read from what `compile` decided, and their results."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lampas.errors import InputError

if TYPE_CHECKING:
    from lampas.history import History

Plain = bool | int | float | str | None


def settings_of(model: Any) -> dict[str, Plain]:
    """Optimiser, rate, loss, precision and the like of a compiled `lampas.Model`.

    >>> import lampas, torch
    >>> model = lampas.Model(torch.nn.Linear(2, 1))
    >>> model.compile("sgd", "mse")
    >>> found = settings_of(model)
    >>> found["optimizer"], found["loss"], found["precision"], found["parameters"]
    ('SGD', 'MSELoss', 'float32', 3)
    """
    plan = model.plan
    found: dict[str, Plain] = {}
    for name, optimizer in plan.named_optimizers.items():
        found |= _of_optimizer(f"{name}." if name else "", optimizer)
    if plan.schedule is not None:
        found |= {"schedule": True, **_base_rate(plan.schedule)}
    found["loss"] = " + ".join(_name(getattr(t, "function", t)) for t in plan.criterion.terms)
    found["precision"] = str(plan.precision)
    found["accumulate"] = int(plan.accumulate)
    found["jit"] = plan.jit
    if plan.recompute is not None:
        found["recompute"] = ", ".join(plan.recompute.names)
    if plan.in_backward is not None:
        found["optimizer_in_backward"] = True
    for name in ("clip_norm", "clip_value"):
        if getattr(plan, name) is not None:
            found[name] = float(getattr(plan, name))
    if plan.averaging is not None:
        found["averaging"] = _name(plan.averaging)
    return found | {"parameters": sum(p.numel() for p in model.parameters())}


def results_of(history: "History") -> dict[str, float]:
    """The numbers of the best epoch, and which it was; {} before the first has ended.

    >>> from lampas import History
    >>> results_of(History.from_rows([{"loss": 0.5}, {"loss": 0.25}]))
    {'best_epoch': 2.0, 'loss': 0.25}
    """
    if not history.rows:
        return {}
    try:
        row = history.best
    except InputError:  # every loss was nan
        row = history.rows[-1]
    return {("best_epoch" if name == "epoch" else name): float(v) for name, v in row.items()}


def require_plain(given: Mapping[str, Any], owner: str) -> None:
    """Raise `InputError` for a hyperparameter that no table shows.

    >>> require_plain({"lr": [1]}, "TensorBoard")
    Traceback (most recent call last):
    lampas.errors.InputError: TensorBoard: hparams['lr'] is of type list: pass a number or a text
    """
    for name, value in given.items():
        if not isinstance(value, bool | int | float | str | None):
            raise InputError(
                f"{owner}: hparams[{name!r}] is of type {type(value).__name__}: pass a number or "
                "a text"
            )


def _base_rate(schedule: Any) -> dict[str, Plain]:
    """The rate that a schedule multiplies: the optimiser's is that of the moment."""
    base = schedule.state_dict().get("base")
    first = schedule.optimizer.param_groups[0].get("initial_lr") if base is None else base[0]
    return {} if first is None else {"lr": float(first)}


def _of_optimizer(prefix: str, optimizer: Any) -> dict[str, Plain]:
    group = optimizer.param_groups[0]
    found: dict[str, Plain] = {f"{prefix}optimizer": type(optimizer).__name__}
    for name in ("lr", "weight_decay", "momentum"):
        if name in group:
            found[f"{prefix}{name}"] = float(group[name])
    return found


def _name(thing: Any) -> str:
    return getattr(thing, "__name__", type(thing).__name__)
