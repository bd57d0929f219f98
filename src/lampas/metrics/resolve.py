"""From what a user passes as metrics to metrics with names."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard, cast

from lampas.errors import InputError
from lampas.metrics.base import Metric, MetricLike
from lampas.metrics.functions import Whole
from lampas.metrics.names import name_of, snake_case
from lampas.metrics.numbers import described
from lampas.metrics.table import named
from lampas.task import Task

MetricSpec = str | MetricLike | Callable[[Any, Any], Any]
"""A name from the table, a metric of ours or of torchmetrics, or a function (y_pred, y_true)."""

_TAKEN = frozenset({"loss", "epoch"})


def resolve(spec: MetricSpec, task: Task | None) -> MetricLike:
    """The metric that `spec` stands for, beside a loss that says `task`.

    A string is looked up in `lampas.metrics.TABLE`. An object with `reset`, `update` and
    `compute` is a metric as it is: ours, torchmetrics', anybody's. Any other function becomes
    `Whole(function)`: called once on all rows of the epoch. Raises `InputError` for anything
    else, a class in the place of its instance among them.

    >>> resolve("accuracy", Task("binary", "logits")).compute()
    tensor(nan)
    """
    if isinstance(spec, str):
        return named(spec, task)
    if isinstance(spec, type):
        raise InputError(
            f"metric {spec.__name__} is a class, not an instance: "
            f"write {spec.__name__}({', '.join(_required(spec))})"
        )
    if is_metric(spec):
        return spec
    if callable(spec):
        return Whole(spec)
    raise InputError(
        "a metric is a name, a function (y_pred, y_true), or a lampas.metrics or torchmetrics "
        f"object, got {described(spec)}"
    )


def resolve_all(
    spec: MetricSpec | Sequence[MetricSpec] | Mapping[str, MetricSpec] | None,
    task: Task | None,
) -> dict[str, MetricLike]:
    """Metrics by the names of their columns.

    A dict gives the names. Otherwise a string is its own name, a function has its `__name__`,
    an object of ours its `name`, any other object its class's name in snake_case; one that is
    taken gets `_2`, `_3`, ... behind it. Raises `InputError` as `resolve` does, for names that
    the history uses itself ("loss", "epoch", "val_..."), and for one object passed twice.

    >>> from lampas.metrics import R2
    >>> list(resolve_all(["mae", R2(), R2()], None))
    ['mae', 'r2', 'r2_2']
    """
    if spec is None:
        return {}
    if isinstance(spec, Mapping) and not is_metric(spec):
        pairs = _renamed(cast(Mapping[Any, Any], spec), task)
    elif isinstance(spec, (str, type)) or is_metric(spec) or not isinstance(spec, Sequence):
        pairs = _named([spec], task)
    else:
        pairs = _named(cast(Sequence[Any], spec), task)
    _check(pairs)
    return pairs


def is_metric(value: Any) -> TypeGuard[MetricLike]:
    """Whether `value` has the three methods of a metric; told without importing torchmetrics."""
    if isinstance(value, type):
        return False
    return all(callable(getattr(value, name, None)) for name in ("reset", "update", "compute"))


def _renamed(spec: Mapping[Any, Any], task: Task | None) -> dict[str, MetricLike]:
    """The metrics of a dict; a function is spoken of by the name that the dict gives it."""
    found: dict[str, MetricLike] = {}
    for name, part in spec.items():
        if not isinstance(name, str) or not name:
            raise InputError(f"the name of a metric is a string, got {name!r}")
        metric = resolve(part, task)
        plain = isinstance(metric, Whole) and metric is not part
        found[name] = Whole(part, name) if plain else metric
    return found


def _named(specs: Iterable[Any], task: Task | None) -> dict[str, MetricLike]:
    found: dict[str, MetricLike] = {}
    for part in specs:
        metric = resolve(part, task)
        found[_free(_own_name(part), found)] = metric
    return found


def _own_name(spec: Any) -> str:
    if isinstance(spec, str):
        return spec
    if isinstance(spec, Metric) and spec.name:
        return spec.name
    is_object = is_metric(cast(Any, spec))
    return snake_case(type(spec).__name__) if is_object else name_of(spec)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """`name`, or the first of name_2, name_3, ... that is not taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _check(metrics: Mapping[str, MetricLike]) -> None:
    owners: dict[int, str] = {}
    for name, metric in metrics.items():
        if name in _TAKEN or name.startswith("val_"):
            raise InputError(
                f"a metric cannot be called {name!r}, which the history uses itself: "
                "pass metrics={'another_name': ...}"
            )
        first = owners.setdefault(id(metric), name)
        if first != name:
            raise InputError(
                f"metrics {first!r} and {name!r} are one object, which would see every batch "
                "twice: pass two objects"
            )


def _required(cls: type) -> list[str]:
    """The arguments that an instance needs, as one writes them."""
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return ["..."]
    return [
        f"{p.name}=..."
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
