"""A user's net in the place of a built-in one: given the sizes that its constructor names."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from lampas.errors import InputError

NetLike = nn.Module | Callable[..., nn.Module]

OUTPUTS = ("outputs", "out_features", "n_outputs")
CLASSES = ("classes", "n_classes", "num_classes")


def wants_output_per_class(net: NetLike | None) -> bool:
    """Whether `net`'s constructor asks for the number of classes."""
    return any(name in CLASSES for name in _parameters(net))


def build(net: NetLike, sizes: Mapping[str, Any], task: str, what: str) -> nn.Module:
    """A module as it is; a class or factory called with those of `sizes` that its parameters name.

    Parameters with a default keep it, unless their name is one of `sizes`. task: "regression" and
    "multilabel" have no number of classes. what: the data, for messages: "a table".

    Raises `InputError` for a required parameter that is no size, for the number of classes where
    the task has none, and for a factory that returns something else than a module.

    >>> sizes = {"in_features": 5, "outputs": 1}
    >>> build(lambda in_features, outputs: nn.Linear(in_features, outputs), sizes, "binary", "x")
    Linear(in_features=5, out_features=1, bias=True)
    """
    if isinstance(net, nn.Module):
        return net
    built: Any = net(**_asked(net, sizes, task, what))
    if not isinstance(built, nn.Module):
        raise InputError(f"{_name(net)} returned a {type(built).__name__}, not a torch.nn.Module")
    return built


def _asked(
    net: Callable[..., nn.Module], sizes: Mapping[str, Any], task: str, what: str
) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for name, parameter in _parameters(net).items():
        if name in CLASSES and task in ("regression", "multilabel"):
            raise InputError(f"{_name(net)} asks for {name}, but the task is {task}: "
                             "ask for outputs")  # fmt: skip
        if name in sizes:
            asked[name] = sizes[name]
        elif parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            raise InputError(
                f"{_name(net)} needs {name!r}, which is no shape of {what}: give it a default, "
                f"or ask for one of {', '.join(sizes)}"
            )
    return asked


def _parameters(net: NetLike | None) -> dict[str, inspect.Parameter]:
    if net is None or isinstance(net, nn.Module):
        return {}
    if not callable(net):
        raise InputError(f"net is {net!r}: pass a torch.nn.Module, its class, or a function")
    try:
        return dict(inspect.signature(net).parameters)
    except ValueError:  # as of int and other types that Python has built in
        raise InputError(
            f"net is {net!r}: pass a torch.nn.Module, its class, or a function"
        ) from None


def _name(net: Callable[..., Any]) -> str:
    return getattr(net, "__name__", type(net).__name__)
