"""From what a metric computes to the plain numbers of a history row."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch

from lampas.errors import InputError


def as_number(value: Any, name: str = "metric") -> float:
    """`value` as a float: a number, a NumPy scalar, or an array or tensor of one element.

    Waits for the device. Raises `InputError` that names the metric for anything else.

    >>> as_number(torch.tensor([0.5])), as_number(np.float32(2)), as_number(True)
    (0.5, 2.0, 1.0)
    """
    if is_number(value):
        return float(value.item() if isinstance(value, (torch.Tensor, np.ndarray)) else value)
    raise InputError(f"metric {name!r} must give one number, got {described(value)}")


def is_number(value: Any) -> bool:
    """Whether `value` is one real number, said without a look at it."""
    if isinstance(value, torch.Tensor):
        return value.numel() == 1 and not value.is_complex()
    if isinstance(value, (np.ndarray, np.generic)):
        return value.size == 1 and value.dtype.kind in "biuf"
    return isinstance(value, (int, float))


def described(value: Any) -> str:
    """What `value` is, for a message."""
    kind = type(value).__name__
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return f"a {kind} of shape {tuple(value.shape)}"
    return "None" if value is None else f"a {kind}"


def as_record(name: str, value: Any) -> dict[str, float]:
    """The columns of a history row that a metric's `compute()` fills.

    One number fills `name`; a vector (one number a class) `name_0`, `name_1`, ...; a dict, as
    from torchmetrics' MetricCollection, `name_key` for each of its keys. Tensors of two or more
    dimensions (a confusion matrix) and tuples or lists (the points of a curve) are no numbers
    of a row: they fill nothing and are to be had as they are from where the whole `compute()`
    value is kept. Waits for the device. Raises `InputError` for anything else.

    >>> as_record("f1", torch.tensor([0.5, 1.0]))
    {'f1_0': 0.5, 'f1_1': 1.0}
    >>> as_record("both", {"mae": 1.0, "rmse": torch.tensor(2.0)})
    {'both_mae': 1.0, 'both_rmse': 2.0}
    >>> as_record("confusion_matrix", torch.eye(2))
    {}
    """
    if isinstance(value, Mapping):
        parts = cast(Mapping[Any, Any], value).items()
        return {k: v for key, part in parts for k, v in as_record(f"{name}_{key}", part).items()}
    if is_number(value):
        return {name: as_number(value, name)}
    if isinstance(value, (tuple, list)):
        return {}
    if isinstance(value, (torch.Tensor, np.ndarray)):
        if value.ndim != 1:
            return {}
        return {f"{name}_{i}": float(part) for i, part in enumerate(value.tolist())}
    raise InputError(
        f"metric {name!r} must give numbers, a tensor or a dict of these, got {described(value)}"
    )
