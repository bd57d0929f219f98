"""How many cores this process may use."""

import os
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Those that the system lets it run on, or what a container's limit comes to, if that is less;
    at least 1.

    >>> usable_cores() >= 1
    True
    """
    usable = getattr(os, "sched_getaffinity", None)
    cores = len(usable(0)) if usable is not None else os.cpu_count() or 1
    quota = _quota()
    return cores if quota is None else max(1, min(cores, int(quota)))


def _quota() -> float | None:
    """Cores that the control group may use; None where it is not limited."""
    try:
        told = (_GROUP / "cpu.max").read_text().split()
    except OSError:
        told = [_first_version("quota"), _first_version("period")]
    try:
        return float(told[0]) / float(told[1]) if float(told[0]) > 0 else None
    except (ValueError, IndexError, ZeroDivisionError):
        return None  # "max"


def _first_version(name: str) -> str:
    try:
        return (_GROUP / "cpu" / f"cpu.cfs_{name}_us").read_text()
    except OSError:
        return ""
