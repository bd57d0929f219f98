"""Gradient clipping that does not wait for the device."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lampas.errors import InputError


def clip_(
    params: Iterable[nn.Parameter], norm: float | None = None, value: float | None = None
) -> Tensor | None:
    """Clip gradients in place: first each element to [-value, value], then the whole by norm.

    By norm (Pascanu, Mikolov and Bengio 2013): g <- g * min(1, norm / (|g| + 1e-6)), where |g|
    is the 2-norm of all gradients together. A gradient that is nan or infinite makes the norm
    so too, and nothing raises here: looking would wait for the device.

    `norm`, `value`: positive, or None for no such clipping.
    Returns the norm before clipping by norm, a 0-d tensor on the gradients' device, or None
    where `norm` is None. Raises `InputError` where `norm` or `value` is not positive.

    >>> weight = nn.Parameter(torch.zeros(2))
    >>> weight.grad = torch.tensor([3.0, 4.0])
    >>> clip_([weight], norm=1.0)
    tensor(5.)
    >>> weight.grad
    tensor([0.6000, 0.8000])
    """
    require_positive(norm=norm, value=value)
    params = list(params)
    if value is not None:
        torch.nn.utils.clip_grad_value_(params, value)
    if norm is None:
        return None
    return torch.nn.utils.clip_grad_norm_(params, norm)


def require_positive(*, norm: float | None, value: float | None) -> None:
    """Raise `InputError` unless each limit is None or a positive number.

    >>> require_positive(norm=1.0, value=None)
    >>> require_positive(norm=None, value=-1)
    Traceback (most recent call last):
    lampas.errors.InputError: clip_value is -1: it must be a positive number, or None
    """
    for name, limit in (("clip_norm", norm), ("clip_value", value)):
        # `not >` rather than `<=`: nan is refused as well.
        number = isinstance(limit, int | float) and not isinstance(limit, bool)
        if limit is not None and not (number and limit > 0):
            raise InputError(f"{name} is {limit!r}: it must be a positive number, or None")
