"""Nets without memory and without numbers, to be given those of a file."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_FILLING = frozenset({
    "normal_", "uniform_", "trunc_normal_", "constant_", "ones_", "zeros_", "eye_",
    "xavier_normal_", "xavier_uniform_", "kaiming_normal_", "kaiming_uniform_",
    "orthogonal_", "zero_", "fill_",
})  # fmt: skip


class _Unfilled(TorchFunctionMode):
    """What fills a new tensor with numbers does nothing. On the meta device it would do nothing
    either, but by way of torch's compiler, which takes a second to import."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if getattr(func, "__name__", "") in _FILLING:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


@contextmanager
def blank() -> Generator[None]:
    """A block in which modules are made on the meta device and nothing initialises them.

    >>> with blank():
    ...     net = torch.nn.Linear(10**9, 10**9)
    >>> net.weight.device
    device(type='meta')
    """
    with torch.device("meta"), _Unfilled():
        yield
