"""Histograms of all weights and gradients of a model, handed to the scribe."""

import time
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from lampas.board.bins import Bins
from lampas.board.device_bins import SMALL, as_floats, of_tensor, on_host
from lampas.board.scribe import Scribe


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """{"weights/…": parameter, "gradients/…": its gradient}; what is sparse or complex is left out.

    Gradients are those of the last step: they stay until the next step begins.

    >>> list(tensors_of(nn.Linear(1, 1)))
    ['weights/weight', 'weights/bias']
    """
    named = list(model.named_parameters())
    weights = {f"weights/{name}": parameter for name, parameter in named}
    grads = {f"gradients/{name}": p.grad for name, p in named if p.grad is not None}
    found = {**weights, **grads}
    return {
        name: tensor
        for name, tensor in found.items()
        if tensor.numel() and tensor.layout == torch.strided and not tensor.is_complex()
    }


def send(scribe: Scribe, run: str, step: int, tensors: Mapping[str, Tensor]) -> None:
    """Small tensors go as they are, joined; large ones are counted where they are."""
    moment = time.time()
    large: dict[str, Bins] = {}
    places: dict[torch.device, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if tensor.numel() <= SMALL:
            places.setdefault(tensor.device, {})[name] = as_floats(tensor)
        elif (bins := of_tensor(tensor)) is not None:
            large[name] = bins
    for small in places.values():
        sizes = {name: tensor.numel() for name, tensor in small.items()}
        scribe.values(run, step, moment, sizes, _joined(list(small.values())))
    if large:
        scribe.histograms(run, step, moment, large)


def _joined(tensors: list[Tensor]) -> np.ndarray:
    return on_host(torch.cat(tensors))
