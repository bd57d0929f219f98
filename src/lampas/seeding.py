"""One number for all random states that a training run draws from."""

import operator
import os
import random
import sys
from collections.abc import Generator
from contextlib import contextmanager

import torch

from lampas.errors import InputError

_BOUND = 2**32  # NumPy's seeds are smaller


def seed(number: int, *, deterministic: bool | None = None) -> int:
    """Seed Python's `random`, NumPy's global state and torch's on the CPU and every device.

    `number`: an integer from 0 to 2**32 - 1; returned as an int. Own generators
    (`torch.Generator`, `numpy.random.default_rng`) are not touched. The same seed gives the same
    run on the same machine and versions, as far as the operations used are deterministic.
    `deterministic`: True has torch use only those that are (`torch.use_deterministic_algorithms`),
    and raise where there is none; on CUDA it sets CUBLAS_WORKSPACE_CONFIG, which must be before
    the first kernel, and switches cuDNN's search for the fastest off. False undoes that, None
    leaves it as it is. Raises `InputError` for any other number.

    >>> seed(7)
    7
    >>> first = torch.rand(3)
    >>> _ = seed(7)
    >>> torch.equal(first, torch.rand(3))
    True
    """
    value = checked_seed(number)
    if deterministic is not None:
        _use_deterministic(deterministic)
    random.seed(value)
    torch.manual_seed(value)  # the devices' too
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(value)
    return value


def _use_deterministic(wanted: bool) -> None:
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(wanted)


def checked_seed(number: int) -> int:
    """`number` as an int. Raises `InputError` for what is none from 0 to 2**32 - 1."""
    try:
        value = operator.index(number)
    except TypeError:
        kind = type(number).__name__
        raise InputError(f"seed is {number!r}, a {kind}: pass an integer, as seed(0)") from None
    if not 0 <= value < _BOUND:
        raise InputError(f"seed is {value}: it must be from 0 to {_BOUND - 1}")
    return value


@contextmanager
def same_random_state() -> Generator[None]:
    """A block after which Python's, NumPy's and torch's states on the CPU are what they were: a
    user's `forward` may draw numbers, or seed, on its own.

    >>> before = torch.get_rng_state()
    >>> with same_random_state():
    ...     _ = torch.rand(3)
    >>> torch.equal(before, torch.get_rng_state())
    True
    """
    numpy = sys.modules.get("numpy")
    python, torchs = random.getstate(), torch.get_rng_state()
    arrays = numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        random.setstate(python)
        torch.set_rng_state(torchs)
        if numpy:
            numpy.random.set_state(arrays)
