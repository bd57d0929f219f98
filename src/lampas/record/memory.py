"""How much memory this process and its device hold."""

import os
import sys
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")
_PAGES = Path("/proc/self/statm")


def resident() -> int | None:
    """Bytes of memory that the process holds now; None where the system does not tell."""
    try:
        pages = int(_PAGES.read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak() -> int | None:
    """The most bytes that the process has held; None where the system does not tell."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return _peak_of_usage()
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return 1024 * int(found[0]) if found else None


def _peak_of_usage() -> int | None:
    """Where there is no /proc: macOS counts bytes, the BSDs kilobytes."""
    try:
        import resource
    except ImportError:
        return None
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else 1024 * size


def peak_on(device: torch.device) -> int | None:
    """The most bytes that tensors have held on a CUDA `device`; None on others.

    >>> peak_on(torch.device("cpu")) is None
    True
    """
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
