"""How many cores a small training takes."""

import os

_SMALL = 12_800  # rows; up to here a batch has 64


def spare_cores(rows: int) -> None:
    """One thread for the small steps of a small table, unless OMP_NUM_THREADS says otherwise.

    On idle cores a second thread saves at most a fifth of the time; where another program wants
    the cores, or a container allows fewer than it shows, its waiting costs several times as much.
    """
    if rows > _SMALL or "OMP_NUM_THREADS" in os.environ:
        return
    import torch

    torch.set_num_threads(1)
