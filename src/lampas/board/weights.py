"""Histograms of all weights and gradients of a model: what of them goes to the scribe."""

import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lampas.board.bins import Bins
from lampas.board.device_bins import SMALL, as_floats, of_tensor, on_host
from lampas.board.scribe import Values

Named = Sequence[tuple[str, nn.Parameter]]


def tensors_of(named: Named) -> dict[str, Tensor]:
    """{"weights/…": parameter, "gradients/…": its gradient}; what is sparse or complex is left out.

    Gradients are those of the last step: they stay until the next step begins.

    >>> list(tensors_of(list(nn.Linear(1, 1).named_parameters())))
    ['weights/weight', 'weights/bias']
    """
    weights: dict[str, Tensor] = {f"weights/{name}": parameter for name, parameter in named}
    grads = {f"gradients/{name}": p.grad for name, p in named if p.grad is not None}
    return {name: tensor for name, tensor in (weights | grads).items() if _counts(tensor)}


def take(step: int, tensors: dict[str, Tensor]) -> tuple[list[Values], dict[str, Bins]]:
    """Copies of the small tensors, joined, to be counted elsewhere; and the large ones, which are
    counted where they are. One copy for each device."""
    large: dict[str, Bins] = {}
    places: dict[torch.device, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if tensor.numel() <= SMALL:
            places.setdefault(tensor.device, {})[name] = as_floats(tensor)
        elif (bins := of_tensor(tensor)) is not None:
            large[name] = bins
    return [_joined(step, small) for small in places.values()], large


def _joined(step: int, small: dict[str, Tensor]) -> Values:
    sizes = [tensor.numel() for tensor in small.values()]
    flat = on_host(torch.cat(list(small.values())))
    return step, time.time(), tuple(small), tuple(sizes), flat


def _counts(tensor: Tensor) -> bool:
    return tensor.numel() > 0 and tensor.layout == torch.strided and not tensor.is_complex()
