"""What a step changes beside gradients and weights, and how to take that back."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lampas.data.batch import Batch
from lampas.data.nest import leaves
from lampas.optim.state import random_states, set_random_states


class Moving:
    """Buffers and random states as they were before the step under way: one that fails leaves
    nothing of itself behind, and can be made again.

    The first step shows what there is to keep. A net without moving buffers that draws no random
    numbers, as most do, costs nothing from the third step on.
    """

    def __init__(self, model: nn.Module) -> None:
        self._parts = [MovingBuffers(model), MovingRandom(model)]
        self._inputs = MovingInputs()
        self._written = False
        self._steps = 0
        self.is_busy = True

    def keep(self, batch: Batch) -> None:
        """Before each step, while `is_busy`; `batch` is the first one of the step."""
        if self._steps == 0:
            self._inputs.keep(batch)
        elif self._steps == 1:
            self._written = self._inputs.look()
            self._inputs = MovingInputs()  # the first batch is not to be kept
        for part in self._parts:
            part.keep()
        self._parts = [part for part in self._parts if part.is_busy]
        self._steps += 1
        self.is_busy = self._steps < 2 or bool(self._parts)

    def put_back(self) -> None:
        """After a step that failed."""
        if self._steps == 1:
            self._written = self._inputs.look()
        for part in self._parts:
            part.put_back()

    @property
    def has_written_inputs(self) -> bool:
        """Whether the net works in place on its inputs, so that a step can be made but once."""
        return self._written


class MovingBuffers:
    """The buffers that steps change, such as BatchNorm's running statistics.

    All buffers are copied before the first step; after it only those of the modules that changed
    one (masks and tables never move, and may be large).

    >>> norm = nn.BatchNorm1d(1)
    >>> buffers = MovingBuffers(norm)
    >>> buffers.keep()
    >>> _ = norm(torch.full((2, 1), torch.nan))
    >>> buffers.put_back()
    >>> norm.running_mean
    tensor([0.])
    """

    def __init__(self, model: nn.Module) -> None:
        found = [_Buffers.of(module) for module in model.modules() if vars(module)["_buffers"]]
        self._modules = [one for one in found if one.live]
        self._groups = _grouped(self._modules)
        self._steps = 0
        self.is_busy = bool(self._modules)

    @torch.no_grad()
    def keep(self) -> None:
        """Before each step, while `is_busy`."""
        if self._steps == 1:
            self._groups = _grouped([one for one in self._modules if one.have_moved])
            self.is_busy = bool(self._groups)
        if self._steps:
            for live, kept in self._groups:
                _copy(live, kept)
        self._steps += 1

    @torch.no_grad()
    def put_back(self) -> None:
        """After a step that failed."""
        for live, kept in self._groups:
            _copy(kept, live)


def _copy(of: list[Tensor], to: list[Tensor]) -> None:
    """All in one call: that halves the time."""
    torch._foreach_copy_(to, of)  # pyright: ignore


@dataclass(frozen=True, slots=True)
class _Buffers:
    """Those of one module, with copies, and how often each had been worked on in place."""

    live: list[Tensor]
    kept: list[Tensor]
    versions: list[int]

    @classmethod
    def of(cls, module: nn.Module) -> "_Buffers":
        live = [b for b in module.buffers(recurse=False) if not b.is_meta]
        return cls(live, [b.detach().clone() for b in live], [_version(b) for b in live])

    @property
    def have_moved(self) -> bool:
        """Nothing waits for a device: there, a kernel that writes statistics leaves no trace, but
        its module counts its batches, which does."""
        return any(map(_has_moved, self.live, self.kept, self.versions))


def _has_moved(live: Tensor, kept: Tensor, version: int) -> bool:
    if live.device.type == "cpu":
        return not torch.equal(live, kept)
    return _version(live) != version


def _version(tensor: Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version


def _grouped(modules: list[_Buffers]) -> list[tuple[list[Tensor], list[Tensor]]]:
    """(live, kept) of one device and dtype each, which are copied in one call."""
    groups: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
    for one in modules:
        for live, kept in zip(one.live, one.kept, strict=True):
            pairs = groups.setdefault((live.device, live.dtype), ([], []))
            pairs[0].append(live)
            pairs[1].append(kept)
    return list(groups.values())


class MovingRandom:
    """torch's random states, of the CPU and of the model's devices, where steps draw from them.

    Kept for every step only where they differ between the first step and the second.

    >>> dropout = nn.Dropout()
    >>> random = MovingRandom(dropout)
    >>> random.keep()
    >>> first = dropout(torch.ones(9))
    >>> random.put_back()
    >>> torch.equal(dropout(torch.ones(9)), first)
    True
    """

    def __init__(self, model: nn.Module) -> None:
        self._parameters = list({p.device: p for p in model.parameters()}.values())
        self._states: list[tuple[torch.device, Tensor]] = []
        self.is_busy = True

    def keep(self) -> None:
        """Before each step, while `is_busy`."""
        now = random_states(self._parameters)
        if self._states:
            pairs = zip(self._states, now, strict=True)
            self.is_busy = not all(torch.equal(old, new) for (_, old), (_, new) in pairs)
        self._states = now

    def put_back(self) -> None:
        """After a step that failed."""
        set_random_states(self._states)


class MovingInputs:
    """Whether the net changes the tensors that it is given.

    >>> inputs, x = MovingInputs(), torch.ones(2, 1)
    >>> inputs.keep(Batch(x, None, None, 2))
    >>> _ = nn.ReLU(inplace=True)(x)
    >>> inputs.look()
    True
    """

    def __init__(self) -> None:
        self._seen: list[tuple[Tensor, int]] = []

    def keep(self, batch: Batch) -> None:
        """Before a step."""
        tensors = [leaf for leaf in leaves((batch.x, batch.y)) if isinstance(leaf, Tensor)]
        self._seen = [(tensor, _version(tensor)) for tensor in tensors]

    def look(self) -> bool:
        """After it."""
        return any(_version(tensor) != version for tensor, version in self._seen)
