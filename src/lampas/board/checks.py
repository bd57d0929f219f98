"""What may be shown, as tensors on the CPU; what cannot is one line."""

from typing import Any

import torch
from torch import Tensor

from lampas.errors import InputError, ShapeError


def as_real(value: Any, what: str) -> Tensor:
    """A tensor, array or list of real numbers as a tensor, cut from its graph, where it is.

    Raises `InputError` for anything else.

    >>> as_real([1.0, 2.0], "x")
    tensor([1., 2.])
    """
    try:
        tensor = value if isinstance(value, Tensor) else torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{what} is of type {type(value).__name__}: pass a tensor or an array of numbers"
        ) from error
    if tensor.is_complex():
        raise InputError(f"{what} is complex: pass its abs(), its real or its imag part")
    return tensor.detach()


def as_tensor(value: Any, what: str) -> Tensor:
    """The same on the CPU, half precision as float32.

    >>> as_tensor(torch.ones(1, dtype=torch.bfloat16), "x")
    tensor([1.])
    """
    tensor = as_real(value, what).cpu()
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


def as_number(value: Any, what: str) -> float:
    """One number, of a float or of a tensor of one element.

    >>> as_number(torch.tensor([2.0]), "x")
    2.0
    """
    tensor = as_tensor(value, what)
    if tensor.numel() != 1:
        raise ShapeError(f"{what} has shape {tuple(tensor.shape)}: a scalar is one number")
    return float(tensor)


def as_images(value: Any, what: str, ndim: int) -> Tensor:
    """Images (C, H, W), or (N, C, H, W) for `ndim` 4: uint8, or floats in [0, 1]; C is 1 or 3.

    Raises `ShapeError` for other shapes, `InputError` for other values.

    >>> as_images(torch.zeros(3, 4, 4), "x", 3).shape
    torch.Size([3, 4, 4])
    """
    tensor = as_tensor(value, what)
    if tensor.ndim != ndim or tensor.shape[-3] not in (1, 3) or not tensor.numel():
        wanted = "(C, H, W)" if ndim == 3 else "(N, C, H, W)"
        raise ShapeError(f"{what} has shape {tuple(tensor.shape)}: pass {wanted} with C 1 or 3")
    if tensor.dtype == torch.uint8:
        return tensor
    if not tensor.is_floating_point():
        raise InputError(f"{what} is {_short(tensor)}: pass uint8, or floats from 0 to 1")
    low, high = (float(end) for end in tensor.aminmax())
    if not (low >= 0.0 and high <= 1.0):
        raise InputError(
            f"{what} has values from {low:.4g} to {high:.4g}: floats go from 0 to 1, uint8 to 255"
        )
    return tensor


def as_curve(targets: Any, probabilities: Any, what: str) -> tuple[Tensor, Tensor]:
    """Targets of 0 and 1, and as many probabilities; both flat.

    Raises `ShapeError` where they are not as many, `InputError` for other values.

    >>> as_curve([0, 1], [[0.2], [0.9]], "x")
    (tensor([0, 1]), tensor([0.2000, 0.9000]))
    """
    y_true, y_prob = as_tensor(targets, what), as_tensor(probabilities, what)
    if y_true.numel() != y_prob.numel() or not y_true.numel():
        raise ShapeError(
            f"{what}: targets have shape {tuple(y_true.shape)}, probabilities "
            f"{tuple(y_prob.shape)}: pass as many of both"
        )
    if not bool(((y_true == 0) | (y_true == 1)).all()):
        raise InputError(f"{what}: targets of a PR curve are 0 or 1; take one class at a time")
    if not bool(((y_prob >= 0) & (y_prob <= 1)).all()):
        raise InputError(f"{what}: probabilities go from 0 to 1; pass logits through sigmoid()")
    return y_true.reshape(-1).long(), y_prob.reshape(-1).float()


def as_vectors(value: Any, what: str) -> Tensor:
    """Vectors (N, D) of finite numbers.

    >>> as_vectors([[1.0, 2.0]], "x").shape
    torch.Size([1, 2])
    """
    tensor = as_tensor(value, what)
    if tensor.ndim != 2 or not tensor.numel():
        raise ShapeError(f"{what} has shape {tuple(tensor.shape)}: vectors are (N, D)")
    if not bool(tensor.isfinite().all()):
        raise InputError(f"{what} holds nan or infinity, which have no place in space")
    return tensor


def _short(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
