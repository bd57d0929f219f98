"""What a forward pass changes beside its output, kept to make it again without a trace."""

import random
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from lampas.randomness import found_in, put_back, state_of


@dataclass(frozen=True, slots=True)
class _Buffer:
    """A buffer before a pass: where it stands, the tensor itself, how often it had been worked on
    in place, and a copy."""

    own: dict[str, Any]
    name: str
    live: Tensor
    version: int
    copy: Tensor

    @classmethod
    def of(cls, own: dict[str, Any], name: str) -> "_Buffer":
        live: Tensor = own[name]
        return cls(own, name, live, live._version, live.detach().clone())

    @property
    def has_moved(self) -> bool:
        """On an accelerator nothing is compared, which would wait: a kernel that writes statistics
        leaves no trace there, but its module counts its batches, which does."""
        now = self.own[self.name]
        if now is not self.live or now._version != self.version:
            return True
        return now.device.type == "cpu" and not torch.equal(now, self.copy)


@dataclass(slots=True)
class Kept:
    """What a pass changes, as it was before: buffers, and random states by their generators."""

    buffers: list[_Buffer]
    drawn: list[tuple[Any, Any]]

    @contextmanager
    def back(self) -> Generator[None]:
        """Inside, all is as it was before the pass; afterwards, as it was found."""
        here = [one.own[one.name] for one in self.buffers]
        states = [(one, state_of(one)) for one, _ in self.drawn]
        try:
            for one in self.buffers:
                one.own[one.name] = one.copy.clone()  # it is written, and may be needed again
            _put_back(self.drawn)
            yield
        finally:
            for one, found in zip(self.buffers, here, strict=True):
                one.own[one.name] = found
            _put_back(states)


class Aside:
    """Finds out, in a first pass of some modules, what passes change: BatchNorm's statistics, a
    power iteration's vectors, random states of Python, of NumPy and of generators that modules
    keep. torch's own random state is not among them.

    >>> norm, x = nn.BatchNorm1d(1), torch.ones(2, 1)
    >>> aside = Aside([norm])
    >>> kept = aside.before()
    >>> _ = norm(x)
    >>> aside.after(kept)
    >>> with kept.back():
    ...     _ = norm(x)
    >>> norm.num_batches_tracked
    tensor(1)
    """

    def __init__(self, parts: Iterable[nn.Module]) -> None:
        self._parts = tuple(parts)
        self.look_again()

    def look_again(self) -> None:
        """The next pass shows anew what passes change."""
        self._modules = [one for part in self._parts for one in part.modules()]
        self._modes: list[bool] = []
        self._is_new = True
        self._moving: list[tuple[dict[str, Any], str]] = []
        self._drawing: list[Any] = []

    def before(self) -> Kept:
        """What the pass that comes may change."""
        modes = [one.training for one in self._modules]
        if self._is_new or modes != self._modes:
            self._modes, self._is_new = modes, True
            self._moving = [(own, name) for own in map(_buffers_of, self._modules)
                            for name, value in own.items() if value is not None]  # fmt: skip
            kept = found_in(self._parts, "recompute").values()
            self._drawing = [random, np.random.mtrand._rand, *kept]  # pyright: ignore
        return Kept(
            [_Buffer.of(own, name) for own, name in self._moving],
            [(one, state_of(one)) for one in self._drawing],
        )

    def after(self, kept: Kept) -> None:
        """The first time, leave of `kept` what the pass has changed: all buffers of a module of
        which one has moved, for a statistic may stand still by chance."""
        if not self._is_new:
            return
        moved = {id(one.own) for one in kept.buffers if one.has_moved}
        kept.buffers = [one for one in kept.buffers if id(one.own) in moved]
        kept.drawn = [(one, old) for one, old in kept.drawn if not _same(state_of(one), old)]
        self._moving = [(one.own, one.name) for one in kept.buffers]
        self._drawing = [one for one, _ in kept.drawn]
        self._is_new = False


def _buffers_of(module: nn.Module) -> dict[str, Any]:
    return vars(module)["_buffers"]


def _put_back(states: list[tuple[Any, Any]]) -> None:
    for one, state in states:
        put_back(one, state)


def _same(state: Any, other: Any) -> bool:
    """Whether two states of one generator are equal: plain values, arrays, dicts and lists."""
    if isinstance(state, Mapping):
        parts = cast("Mapping[str, Any]", state)
        return all(_same(value, other[name]) for name, value in parts.items())
    if isinstance(state, list):
        return all(map(_same, cast("list[Any]", state), other))
    if isinstance(state, np.ndarray):
        return bool(np.array_equal(state, other))
    return torch.equal(state, other) if isinstance(state, Tensor) else state == other
