"""How much memory there is for more, and how much a computation takes at its peak."""

import os
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_PROC, _GROUP = Path("/proc"), Path("/sys/fs/cgroup")
_PART = {"cpu": 0.5}
"""Of what is free: beside tensors a step needs what kernels work with, and on the CPU other
programs live on the same memory, which has to last before the system swaps."""


def room_on(device: torch.device) -> int | None:
    """Bytes that tensors may well take on `device`: half of what is free on the CPU, nine tenths on
    an accelerator. None where the system does not tell."""
    free = _free_on_host() if device.type == "cpu" else _free_on(device)
    return None if free is None else int(_PART.get(device.type, 0.9) * max(0, free))


def _free_on(device: torch.device) -> int | None:
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return None


def _free_on_host() -> int | None:
    found = [one for one in (_of_machine(), _of_group(), _of_process()) if one is not None]
    return min(found, default=None)


def _of_machine() -> int | None:
    """What programs could get without swapping; elsewhere than on Linux, half of all there is."""
    kilobytes = _number_after("MemAvailable:", _PROC / "meminfo")
    if kilobytes is not None:
        return 1024 * kilobytes
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return None


def _of_group() -> int | None:
    """What is left of a container's limit; pages of files that it holds can be let go."""
    try:
        limit = int((_GROUP / "memory.max").read_text())
        used = int((_GROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no container, or one without a limit: "max"
        return None
    return limit - used + (_number_after("inactive_file", _GROUP / "memory.stat") or 0)


def _of_process() -> int | None:
    """What is left of the limit of this process's addresses, as `ulimit -v` sets it."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    used = _number_after("VmSize:", _PROC / "self/status")
    return None if limit == resource.RLIM_INFINITY or used is None else limit - 1024 * used


def _number_after(name: str, file: Path) -> int | None:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.split()[:1] == [name]]
    return int(found[0]) if found else None


def peak_of(call: Callable[[], object], device: torch.device) -> int:
    """The most bytes of tensors that `call` holds at a time beside those that were there.

    The same number each time on a CPU, where operations are watched as they are made; what
    kernels work with inside is not in it. CUDA's allocator counts it all.

    >>> peak_of(lambda: torch.ones(1000).exp().sum(), torch.device("cpu"))
    8000
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call()
        return torch.cuda.max_memory_allocated(device) - before
    with _Watch() as watch:
        call()
    return watch.most


class _Watch(TorchDispatchMode):
    """Counts the bytes of the storages that operations make, until each is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.held = self.most = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        given = {id(storage) for storage in _storages((args, kwargs))}
        out = func(*args, **kwargs)
        for storage in _storages(out):
            if id(storage) not in given and id(storage) not in self._known:
                self._count(storage)
        return out

    def _count(self, storage: Any) -> None:
        key, size = id(storage), storage.nbytes()
        self._known.add(key)
        self.held += size
        self.most = max(self.most, self.held)
        weakref.finalize(storage, self._forget, key, size).atexit = False

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.held -= size


def _storages(nest: Any) -> Iterator[Any]:
    for leaf in tree_leaves(nest):
        if isinstance(leaf, Tensor) and leaf.layout == torch.strided:
            yield leaf.untyped_storage()
