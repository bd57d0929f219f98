"""A tensor in spans of rows: to look at all of it takes the memory of one."""

from collections.abc import Iterator

from torch import Tensor

SPAN_BYTES = 4 << 20
"""Large enough that the calls cost nothing, small enough beside any data set worth the care."""


def spans(tensor: Tensor) -> Iterator[tuple[int, Tensor]]:
    """(the number of its first row, the rows) of one span after the other of `tensor`, (N, ...);
    each of about 4 MiB, and of one row at least.

    >>> import torch
    >>> [(start, len(rows)) for start, rows in spans(torch.zeros(10, 1 << 18))]
    [(0, 4), (4, 4), (8, 2)]
    """
    if tensor.nbytes <= SPAN_BYTES:
        yield 0, tensor
        return
    length = max(1, SPAN_BYTES * len(tensor) // max(1, tensor.numel() * tensor.element_size()))
    for start in range(0, len(tensor), length):
        yield start, tensor[start : start + length]
