"""Every tensor of some modules once, and the places where it stands."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_Place = tuple[dict[str, Any], str]


class Slots:
    """Parameters and buffers that `parts` hold themselves; a tied one is one slot with many places.

    >>> net = nn.Linear(2, 1)
    >>> slots = Slots(net.modules())
    >>> with slots.holding([2 * p.detach() for p in slots.parameters], []):
    ...     twice = net(torch.ones(2))
    >>> torch.equal(twice, 2 * net(torch.ones(2)))
    True
    """

    def __init__(self, parts: Iterable[nn.Module]) -> None:
        dicts = [(vars(part)["_parameters"], vars(part)["_buffers"]) for part in parts]
        self._parameters = _placed(own for own, _ in dicts)
        self._buffers = _placed(own for _, own in dicts)

    @property
    def parameters(self) -> list[Tensor]:
        """Each parameter once, in the order in which modules have them."""
        return [tensor for tensor, _ in self._parameters]

    @property
    def buffers(self) -> list[Tensor]:
        """Each buffer once."""
        return [tensor for tensor, _ in self._buffers]

    @contextmanager
    def holding(self, parameters: Sequence[Tensor], buffers: Sequence[Tensor]) -> Generator[None]:
        """Inside, these stand in the places of the modules' own."""
        slots = [*self._parameters, *self._buffers]
        try:
            for (_, places), tensor in zip(slots, [*parameters, *buffers], strict=True):
                _put(places, tensor)
            yield
        finally:
            for tensor, places in slots:
                _put(places, tensor)

    def buffers_now(self) -> list[Tensor]:
        """What stands in the places of the buffers: after a forward pass, what it left there."""
        return [own[name] for _, places in self._buffers for own, name in places[:1]]

    def moving(self, before: Sequence[Tensor]) -> list[int]:
        """Which buffers steps change, told by values from before one: all of a module of which one
        has moved, for a statistic may stand still by chance."""
        pairs = enumerate(zip(before, self.buffers_now(), strict=True))
        moved = {self._owner(i) for i, (old, new) in pairs if not torch.equal(old, new)}
        return [i for i in range(len(before)) if self._owner(i) in moved]

    def _owner(self, buffer: int) -> int:
        return id(self._buffers[buffer][1][0][0])


def _placed(dicts: Iterable[dict[str, Any]]) -> list[tuple[Tensor, list[_Place]]]:
    found: dict[int, tuple[Tensor, list[_Place]]] = {}
    seen: set[int] = set()
    for own in dicts:
        if id(own) not in seen:
            seen.add(id(own))
            for name, tensor in own.items():
                if tensor is not None:
                    found.setdefault(id(tensor), (tensor, []))[1].append((own, name))
    return list(found.values())


def _put(places: list[_Place], tensor: Tensor) -> None:
    for own, name in places:
        own[name] = tensor
