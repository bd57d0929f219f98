"""What a trace would bake into the graph, found out while it is made.

A graph holds tensor operations alone. Python that runs beside them (a counter, a list that grows,
a number from `random`) would run once, while tracing, and never again.
"""

import random
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager, redirect_stdout
from typing import Any

import numpy as np
from torch import Tensor, nn

from lampas.forward import has_hooks
from lampas.jit.reasons import NotCompilableError

_OWN = {"_parameters", "_buffers", "_modules"}
"""What modules of torch keep of their tensors, which are looked at elsewhere."""


@contextmanager
def nothing_baked(modules: Iterable[nn.Module]) -> Generator[None]:
    """Raise `NotCompilableError` where what runs inside leaves its trace in Python.

    >>> net = nn.Linear(1, 1)
    >>> with nothing_baked([net]):
    ...     net.seen = 1
    Traceback (most recent call last):
    lampas.jit.reasons.NotCompilableError: a step changes seen of Linear, which a graph would not
    """
    parts = [part for module in modules for part in module.modules()]
    before = [_attributes(part) for part in parts]
    python, numbers = random.getstate(), _numpy_state()
    ear = _Ear(sys.stdout)
    with redirect_stdout(ear):
        yield
    if ear.has_heard:
        raise NotCompilableError("a step prints, which a graph would not")
    for part, old in zip(parts, before, strict=True):
        new = _attributes(part)
        for name in old.keys() | new.keys():
            if old.get(name) != new.get(name):
                kind = type(part).__name__
                raise NotCompilableError(
                    f"a step changes {name} of {kind}, which a graph would not"
                )
    if random.getstate() != python or _numpy_state() != numbers:
        raise NotCompilableError("a step draws from the random numbers of Python or NumPy")


class _Ear:
    """A stream that hears whether something is written into it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.has_heard = False

    def write(self, text: str) -> int:
        self.has_heard = True
        return self._stream.write(text) if self._stream is not None else len(text)

    def flush(self) -> None:
        if self._stream is not None:
            self._stream.flush()


def held(module: nn.Module) -> tuple[Any, ...]:
    """What a trace of `module` would bake into the graph: its kind, whether it has hooks, and its
    attributes that are none of torch's own. Two of these are equal where nothing was changed.

    >>> dropout = nn.Dropout(0.5)
    >>> before = held(dropout)
    >>> dropout.p = 0.1
    >>> held(dropout) == before
    False
    """
    own = [(name, value if type(value) in _PLAIN else _Same(value))
           for name, value in vars(module).items() if name not in _OF_MODULES]  # fmt: skip
    return type(module), has_hooks(module), *own


class _Same:
    """Equal to another of the same object, which it keeps: no later one can have its address."""

    __slots__ = ("_one",)

    def __init__(self, one: object) -> None:
        self._one = one

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._one is other._one

    __hash__ = None  # pyright: ignore


_PLAIN = (int, float, bool, str, type(None))
_OF_MODULES = frozenset(vars(nn.Module())) - {"training"}


def _attributes(module: nn.Module) -> dict[str, Any]:
    """Something of each attribute that shows whether it was changed."""
    return {name: _look(value) for name, value in vars(module).items() if name not in _OWN}


def _look(value: Any) -> Any:
    if isinstance(value, Tensor):
        return id(value), value._version
    if isinstance(value, (int, float, str, bytes, type(None))):
        return type(value), value
    if isinstance(value, (list, dict, set, tuple)):
        return id(value), len(value), tuple(map(id, value))
    return id(value)


def _numpy_state() -> Any:
    name, keys, *rest = np.random.get_state(legacy=True)
    return name, bytes(memoryview(keys)), *rest  # pyright: ignore
