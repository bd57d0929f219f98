"""What becomes of memory that tensors gave back."""

import sys
from contextlib import suppress

import torch

_LARGE = 31 << 20  # bytes; glibc learns nothing from blocks of more than 32 MiB
_done: list[bool] = []


def keep_freed_memory() -> None:
    """Let glibc keep up to 62 MiB of freed memory for the tensors of the next step.

    At first glibc gives freed memory of more than 128 KiB at its end back to the system, and gets
    it again page by page: in every step, which takes 1 to 4 % of its time, and 20 % where tensors
    happen to lie badly. It learns from the largest block that was freed: what it maps by itself,
    and twice that is what it keeps (man 3 mallopt, M_MMAP_THRESHOLD). So one such block is freed
    here, once, of which no page is touched. Who set the thresholds in the environment keeps them;
    other systems are not concerned.
    """
    if not _done and sys.platform == "linux":
        _done.append(True)
        with suppress(RuntimeError, MemoryError):  # where not even this much is free
            torch.empty(_LARGE, dtype=torch.uint8)
