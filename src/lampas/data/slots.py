"""Batches between processes: what is small as a pickle, tensors through memory that both see."""

import io
import math
import mmap
import pickle
from typing import Any

import torch
from torch import Tensor

_ALIGNED = 64  # bytes, as torch's own tensors begin


class Slot:
    """Shared memory for one batch of up to `size` bytes; made before a process is forked.

    One that does not fit, in part or as a whole, goes through the pipe. So does what is no plain
    tensor on the CPU. Only processes of ours write the pickles.
    """

    def __init__(self, size: int) -> None:
        self._memory = mmap.mmap(-1, max(size, mmap.PAGESIZE))

    def dump(self, batch: Any) -> bytes:
        """What `load` in the other process makes `batch` of."""
        file = io.BytesIO()
        _Packer(file, self._memory).dump(batch)
        return file.getvalue()

    def load(self, message: bytes, *, is_pinned: bool = False) -> Any:
        """The batch, in memory of its own, page-locked or not: the slot is free afterwards."""
        return _Unpacker(io.BytesIO(message), self._memory, is_pinned).load()


def bytes_of(batch: Any) -> int:
    """How large a slot `batch` takes."""
    counter = _Counter(io.BytesIO())
    counter.dump(batch)
    return counter.bytes


class _Counter(pickle.Pickler):
    """Counts the bytes of tensors."""

    bytes = 0

    def persistent_id(self, obj: Any) -> Any:
        if not _is_plain(obj):
            return None
        self.bytes = _aligned(self.bytes) + obj.nbytes
        return 0


class _Packer(pickle.Pickler):
    def __init__(self, file: Any, memory: mmap.mmap) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._memory = memory
        self._used = 0

    def persistent_id(self, obj: Any) -> Any:
        if not _is_plain(obj):
            return None
        start = _aligned(self._used)
        if start + obj.nbytes > len(self._memory):
            return None
        where = obj.dtype, tuple(obj.shape), obj.stride(), start
        _view(self._memory, *where).copy_(obj)
        self._used = start + obj.nbytes
        return where


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: Any, memory: mmap.mmap, is_pinned: bool) -> None:
        super().__init__(file)
        self._memory = memory
        self._is_pinned = is_pinned

    def persistent_load(self, pid: Any) -> Any:
        found = _view(self._memory, *pid)
        return found.pin_memory() if self._is_pinned else found.clone()


def _view(
    memory: mmap.mmap, dtype: torch.dtype, shape: tuple[int, ...], strides: tuple[int, ...],
    start: int,
) -> Tensor:  # fmt: skip
    flat = torch.frombuffer(memory, dtype=dtype, count=math.prod(shape), offset=start)
    return flat.as_strided(shape, strides)


def _is_plain(obj: Any) -> bool:
    """Whether it is a tensor whose numbers lie on the CPU, one after another in some order."""
    if type(obj) is not Tensor or obj.device.type != "cpu" or obj.layout is not torch.strided:
        return False
    return not (obj.requires_grad or obj.is_quantized) and obj.numel() > 0 and _is_dense(obj)


def _is_dense(tensor: Tensor) -> bool:
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


def _aligned(place: int) -> int:
    return -(-place // _ALIGNED) * _ALIGNED
