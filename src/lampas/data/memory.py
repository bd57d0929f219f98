"""Data in memory: slices of one permutation, with no collation of single samples."""

from collections.abc import Callable, Iterator

import torch

from lampas.data.arrays import Rows
from lampas.data.batch import Batch
from lampas.data.nest import leaves, rebuild

CHUNK_BYTES = 2 << 20
"""Rows are permuted this many bytes at a time: large enough that one gather serves many
batches, small enough that the copy is never a second data set in memory."""


class MemoryFeed:
    """Batches of `rows`, shuffled by torch's own random state, on `device`."""

    def __init__(self, rows: Rows, batch_size: int, *, shuffle: bool, device: torch.device) -> None:
        self.rows = rows
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.device = device

    @property
    def batches(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        order = torch.randperm(len(self.rows)) if self.shuffle else None
        assemble = assembler(self.rows)
        for start, stop in self._chunks():
            pieces = [part.split(self.batch_size) for part in self._gather(order, start, stop)]
            for tensors in zip(*pieces, strict=True):
                yield assemble(tensors)

    def _chunks(self) -> Iterator[tuple[int, int]]:
        batches = max(1, CHUNK_BYTES // (self.rows.row_bytes * self.batch_size))
        length = batches * self.batch_size
        for start in range(0, len(self.rows), length):
            yield start, min(start + length, len(self.rows))

    def _gather(self, order: torch.Tensor | None, start: int, stop: int) -> list[torch.Tensor]:
        parts: list[torch.Tensor] = []
        for tensor, dtype in zip(self.rows.tensors, self.rows.dtypes, strict=True):
            if order is None:
                # A copy: a net that works in place must not write into the data, which may be
                # a file that is only readable.
                part = tensor[start:stop].to(self.device, dtype, non_blocking=True, copy=True)
            else:
                part = take(tensor, order[start:stop].to(tensor.device))
                part = part.to(self.device, dtype, non_blocking=True)
            parts.append(part)
        return parts


_SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}


def take(tensor: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """The rows of `tensor` with these numbers; of dtypes too that torch itself cannot gather."""
    twin = _SIGNED.get(tensor.dtype)
    if twin is None:
        return tensor.index_select(0, rows)
    return tensor.view(twin).index_select(0, rows).view(tensor.dtype)


def assembler(rows: Rows) -> Callable[[tuple[torch.Tensor, ...]], Batch]:
    """The function that makes a batch of the tensors of one, decided once for all batches."""
    slots = leaves(rows.parts)
    if isinstance(rows.x, torch.Tensor) and isinstance(rows.y, torch.Tensor):
        return _plain if rows.weight is None else _weighted
    return _nested(rows, [slot is not None for slot in slots])


def _plain(tensors: tuple[torch.Tensor, ...]) -> Batch:
    x, y = tensors
    return Batch(x, y, None, len(x))


def _weighted(tensors: tuple[torch.Tensor, ...]) -> Batch:
    x, y, weight = tensors
    return Batch(x, y, weight, len(x))


def _nested(rows: Rows, present: list[bool]) -> Callable[[tuple[torch.Tensor, ...]], Batch]:
    def assemble(tensors: tuple[torch.Tensor, ...]) -> Batch:
        supply = iter(tensors)
        values = [next(supply) if there else None for there in present]
        x, y, weight = rebuild(rows.parts, values)
        return Batch(x, y, weight, len(tensors[0]))

    return assemble
