"""Counting classes without a look at them."""

import torch
from torch import Tensor

from lampas.errors import DataError


def count_classes(indices: Tensor, size: int, counts: Tensor | None) -> Tensor:
    """How often each index occurs: (size + 1,), the last for those outside 0..size-1.

    `indices` (M,) integers; `counts` (M,) which of them count, None for all. `bincount` would
    wait for the device, to know the largest index; this adds into a fixed number of places.

    >>> count_classes(torch.tensor([0, 2, 2, 9]), 3, None)
    tensor([1, 0, 2, 1])
    """
    inside = (indices >= 0) & (indices < size)
    places = torch.where(inside, indices, size)
    ones = torch.ones_like(places) if counts is None else counts.to(places.dtype)
    return torch.zeros(size + 1, dtype=places.dtype, device=places.device).index_add(
        0, places, ones
    )


def check_classes(name: str, size: int, outside: int) -> None:
    """Raise `DataError` where targets outside the `size` classes were met."""
    if outside:
        raise DataError(
            f"metric {name!r} met {outside} class indices outside 0..{size - 1}: the outputs have "
            f"{size} classes; pass ignore_index= for targets that count for nothing"
        )
