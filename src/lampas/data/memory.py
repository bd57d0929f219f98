"""Data in memory: slices of one permutation, with no collation of single samples."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import torch

from lampas.data.arrays import Rows
from lampas.data.batch import Batch
from lampas.data.nest import leaves, rebuild

CHUNK_BYTES = 2 << 20
"""Rows are permuted this many bytes at a time: large enough that one gather serves many
batches, small enough that the copy is never a second data set in memory."""

_WORTH = 4  # batches: two large ones at once would save one call
_IN_ORDER = 64  # batches: a slice is no work beside its copy, which is better off in the caches

Copier = Callable[[torch.Tensor], torch.Tensor]


class MemoryFeed:
    """Batches of `rows`, shuffled by torch's own random state, on `device`."""

    def __init__(self, rows: Rows, batch_size: int, *, shuffle: bool, device: torch.device) -> None:
        self.rows = rows
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.device = device
        pairs = zip(rows.tensors, rows.dtypes, strict=True)
        self._copiers = [_copier(tensor, device, dtype) for tensor, dtype in pairs]

    @property
    def batches(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return self.begin()

    def begin(self, skip: int = 0) -> Iterator[Batch]:
        """The batches of a pass from number `skip` on; its order is drawn at once."""
        order = torch.randperm(len(self.rows)) if self.shuffle else None
        ahead = CHUNK_BYTES // (self.rows.row_bytes * self.batch_size)
        if ahead < (_WORTH if self.shuffle else _IN_ORDER):
            return self._one_by_one(order, skip)
        return self._by_chunks(order, skip, ahead)

    def _by_chunks(self, order: torch.Tensor | None, skip: int, ahead: int) -> Iterator[Batch]:
        """A chunk that is begun in its middle is gathered whole: where a tensor lies in memory
        may decide the last bit of what is computed with it."""
        assemble = assembler(self.rows)
        length, (chunks, batches) = ahead * self.batch_size, divmod(skip, ahead)
        for start in range(chunks * length, len(self.rows), length):
            gathered = self._gather(order, start, min(start + length, len(self.rows)))
            pieces = [part.split(self.batch_size) for part in gathered]
            for tensors in islice(zip(*pieces, strict=True), batches, None):
                yield assemble(tensors)
            batches = 0

    def _one_by_one(self, order: torch.Tensor | None, skip: int) -> Iterator[Batch]:
        """Large batches. Nothing of one is kept here: the next gets its memory, which is in the
        caches still."""
        assemble, size = assembler(self.rows), self.batch_size
        for start in range(skip * size, len(self.rows), size):
            yield assemble(self._gather(order, start, start + size))

    def _gather(self, order: torch.Tensor | None, start: int, stop: int) -> list[torch.Tensor]:
        tensors = self.rows.tensors
        if order is None:
            return [copied(tensor[start:stop])
                    for copied, tensor in zip(self._copiers, tensors, strict=True)]  # fmt: skip
        numbers = order[start:stop]
        taken = [take(tensor, numbers.to(tensor.device)) for tensor in tensors]
        pairs = zip(taken, self.rows.dtypes, strict=True)
        return [part.to(self.device, dtype, non_blocking=True) for part, dtype in pairs]


def _copier(tensor: torch.Tensor, device: torch.device, dtype: torch.dtype) -> Copier:
    """What makes a batch of a slice. A copy: a net that works in place must not write into the
    data, which may be a file that is only readable."""
    if tensor.device == device and tensor.dtype == dtype:
        return torch.clone  # 10 µs less than by `to`, beside a net that fills the caches
    return lambda part: part.to(device, dtype, non_blocking=True, copy=True)


_SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}


def take(tensor: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """The rows of `tensor` with these numbers, in its order of memory, as a slice has them; of
    dtypes too that torch itself cannot gather."""
    twin = _SIGNED.get(tensor.dtype)
    if twin is not None:
        return take(tensor.view(twin), rows).view(tensor.dtype)
    order = _order(tensor)
    if order is None:
        return tensor.index_select(0, rows)
    back = [order.index(dimension) for dimension in range(tensor.ndim)]
    return tensor.permute(order).index_select(0, rows).permute(back)


def _order(tensor: torch.Tensor) -> list[int] | None:
    """The dimensions of rows that lie side by side in another order, as images with channels last;
    None where that is their own, or they do not."""
    if tensor.is_contiguous():
        return None
    order = sorted(range(tensor.ndim), key=tensor.stride, reverse=True)
    return order if order[0] == 0 and tensor.permute(order).is_contiguous() else None


def assembler(rows: Rows) -> Callable[[Sequence[torch.Tensor]], Batch]:
    """The function that makes a batch of the tensors of one, decided once for all batches."""
    if isinstance(rows.x, torch.Tensor):
        if isinstance(rows.y, torch.Tensor):
            return _plain if rows.weight is None else _weighted
        if rows.y is None and rows.weight is None:
            return _alone
    return _nested(rows, [slot is not None for slot in leaves(rows.parts)])


def _alone(tensors: Sequence[torch.Tensor]) -> Batch:
    (x,) = tensors
    return Batch(x, None, None, len(x))


def _plain(tensors: Sequence[torch.Tensor]) -> Batch:
    x, y = tensors
    return Batch(x, y, None, len(x))


def _weighted(tensors: Sequence[torch.Tensor]) -> Batch:
    x, y, weight = tensors
    return Batch(x, y, weight, len(x))


def _nested(rows: Rows, present: list[bool]) -> Callable[[Sequence[torch.Tensor]], Batch]:
    def assemble(tensors: Sequence[torch.Tensor]) -> Batch:
        supply = iter(tensors)
        values = [next(supply) if there else None for there in present]
        x, y, weight = rebuild(rows.parts, values)
        return Batch(x, y, weight, len(tensors[0]))

    return assemble
