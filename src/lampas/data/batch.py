"""One batch, and what a feed of batches is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from lampas.data.nest import Nest, leaves


@dataclass(slots=True)
class Batch:
    """What one training step gets.

    `x`: the inputs: a tensor (B, ...), a tuple (positional arguments of `forward`) or a dict
    (its keyword arguments). `y`: the targets, of the same form, or None. `weight`: sample
    weights (B,), or None. `size`: B.

    With gradient accumulation several batches make one optimiser step: `opens` and `closes`
    tell whether this is the first and the last of them, `shares` holds, for each loss, this
    batch's part of the group's samples (None: the batch is the whole group), `earlier` the
    batches of the group before this one.
    """

    x: Nest
    y: Nest
    weight: torch.Tensor | None
    size: int
    opens: bool = True
    closes: bool = True
    shares: list[Any] | None = None
    earlier: "tuple[Batch, ...]" = ()

    @property
    def args(self) -> tuple[Any, ...]:
        """Positional arguments for the net: `net(*batch.args, **batch.kwargs)`."""
        if isinstance(self.x, torch.Tensor):
            return (self.x,)
        return self.x if isinstance(self.x, tuple) else ()

    @property
    def kwargs(self) -> dict[str, Any]:
        """Keyword arguments for the net."""
        return self.x if isinstance(self.x, dict) else {}


class Feed(Protocol):
    """Batches for one epoch each time it is iterated, on the device of the model."""

    @property
    def batches(self) -> int | None:
        """How many batches an epoch has; None where only iterating tells."""
        ...

    def __iter__(self) -> Iterator[Batch]: ...


def rows_of(nest: Nest) -> int:
    """Length of dimension 0 of the first leaf; 1 for a 0-d tensor, 0 for nothing."""
    found = leaves(nest)
    if not found or not isinstance(found[0], torch.Tensor):
        return 0
    return found[0].shape[0] if found[0].ndim else 1
