"""A state in words: where it stands, what is in it, what it came from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from torch import Tensor

from lampas.state.state import State

_PARTS = {
    "weights": "weights and buffers",
    "buffers": "buffers outside of the state dict",
    "gradients": "gradients",
    "optimizers": "optimisers",
    "averaging": "averaged weights",
    "losses": "losses that learn",
    "random": "random states",
    "place": "place in the data, random states of its order",
    "sums": "sums of the epoch under way",
    "callbacks": "memory of callbacks",
    "also": "what else was asked for",
}


@dataclass(frozen=True, slots=True)
class Held:
    """One part of a state: how many tensors it has, and what they take."""

    name: str
    tensors: int
    bytes: int


def where(state: State) -> str:
    """The place in words.

    >>> from types import SimpleNamespace
    >>> position = {"epoch": 3, "step": 120, "before": 1000, "stopped": None}
    >>> where(SimpleNamespace(position=position, is_inside=True, is_finished=False))
    'in epoch 3, after step 120 (1,120 of the run)'
    """
    position = state.position
    steps = f"{int(position['before']) + int(position['step']):,}"
    if state.is_finished:
        why = position["stopped"]
        return f"finished after epoch {position['epoch']}" + (f": {why}" if why else "")
    if state.is_inside:
        return f"in epoch {position['epoch']}, after step {position['step']} ({steps} of the run)"
    return f"after epoch {position['epoch']}" if position["epoch"] else "before the first step"


def held(state: State) -> list[Held]:
    """The parts of a state that hold something, with their sizes."""
    found: list[Held] = []
    for field, name in _PARTS.items():
        tensors = list(_tensors(getattr(state, field)))
        if tensors:
            size = sum(int(one.nbytes) for one in tensors)
            found.append(Held(name, len(tensors), size))
    return found


def facts(state: State) -> dict[str, str]:
    """What the run is, a line each: the net, data, settings, versions, the machine, the command."""
    about = state.about
    lines = {
        "net": str(about.get("net")),
        "data": _joined({**about.get("data", {}), "sha256": about.get("values")}),
        "settings": _joined(about.get("settings")),
        "versions": _joined(about.get("versions")),
        "machine": _joined(about.get("machine")),
        "code": _joined(_flat(about.get("code"))),
        "command": str(about.get("command")),
        "exact": "; ".join(f"no: {one}" for one in about.get("doubts", [])) or "yes",
    }
    return {name: line for name, line in lines.items() if line}


def _tensors(value: Any) -> Iterator[Tensor | np.ndarray[Any, Any]]:
    if isinstance(value, Tensor | np.ndarray):
        yield value
    elif isinstance(value, Mapping):
        for one in cast(Mapping[Any, Any], value).values():
            yield from _tensors(one)
    elif isinstance(value, list | tuple):
        for one in cast(list[Any], value):
            yield from _tensors(one)


def _joined(values: Any) -> str:
    items = cast(Mapping[str, Any], values if isinstance(values, Mapping) else {})
    return ", ".join(f"{name} {_short(value)}" for name, value in items.items())


def _flat(values: Any) -> dict[str, Any]:
    """A file by its name and the beginning of its digest."""
    items = cast(Mapping[str, Any], values if isinstance(values, Mapping) else {})
    return {
        name: f"{value.get('path')} {_short(value.get('sha256'))}"
        if isinstance(value, Mapping)
        else value
        for name, value in items.items()
    }


def _short(value: Any) -> str:
    """A digest by its beginning."""
    is_digest = isinstance(value, str) and len(value) in (40, 64) and value.isalnum()
    return str(value)[:12] if is_digest else str(value)
