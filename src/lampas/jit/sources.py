"""Where compiled graphs come from: at once, or while the run goes on."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor

from lampas.callbacks.say import say
from lampas.jit.artifacts import Compiled, compiled, digest, from_cache, place_of
from lampas.jit.background import Compiler
from lampas.jit.reasons import NotCompilableError
from lampas.jit.trace import Traced

_PAUSE = 0.05  # seconds between two looks at the other process
_LONG = 5.0  # seconds: what the cache has is there sooner, torch's compiler imported and all


@dataclass
class Wanted:
    """A graph that is to be compiled, for tensors like `inputs`."""

    traced: Traced
    inputs: Sequence[Tensor]
    compiler: Compiler | None = field(default=None)

    @cached_property
    def name(self) -> str:
        """Its name in the cache."""
        return digest(self.traced.graph, self.tensors)

    @property
    def tensors(self) -> list[Tensor]:
        """All that the graph takes."""
        return [*self.inputs, *self.traced.constants]


Source = Callable[[Wanted], Compiled | None]
"""The compiled graph; None where it is not there yet. Raises `NotCompilableError`."""


def at_once(wanted: Wanted) -> Compiled:
    """From the cache, or compiled while the run waits, which a line tells where it takes long."""
    start = time.perf_counter()
    found = compiled(wanted.traced.graph, wanted.tensors, wanted.name)
    seconds = time.perf_counter() - start
    if seconds >= _LONG:
        say(f"jit: compiled a form of batch in {seconds:.0f} s: other runs find it in the cache")
    return found


class Later:
    """From the cache, or compiled by another process, one graph at a time."""

    def __init__(self) -> None:
        self._next = 0.0
        self._working: Wanted | None = None

    def __call__(self, wanted: Wanted) -> Compiled | None:
        now = time.perf_counter()
        if now < self._next:
            return None
        self._next = now + _PAUSE
        self._look()
        if wanted.compiler is not None:
            return None if wanted is self._working else _read(wanted)
        if self._working is not None:
            return None
        found = from_cache(wanted.name)
        if found is None:
            wanted.compiler = Compiler(wanted.traced.graph, wanted.tensors, place_of(wanted.name))
            self._working = wanted
        return found

    def _look(self) -> None:
        """Whether the other process is done: also of a graph that nobody asks for any more."""
        compiler = None if self._working is None else self._working.compiler
        try:
            if compiler is not None and compiler.is_done():
                compiler.close()
                self._working = None
        except NotCompilableError:
            self.close()
            raise

    def close(self) -> None:
        """End the other process."""
        if self._working is not None and self._working.compiler is not None:
            self._working.compiler.close()
            self._working.compiler = None
        self._working = None


def _read(wanted: Wanted) -> Compiled:
    found = from_cache(wanted.name)
    if found is None:  # compiled once more, it would be no better
        raise NotCompilableError(f"what was compiled cannot be read: {place_of(wanted.name)}")
    return found
