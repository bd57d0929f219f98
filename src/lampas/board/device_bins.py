"""A tensor's histogram, counted where the tensor is: only the counts come to the host."""

import numpy as np
import torch
from torch import Tensor

from lampas.board.bins import Bins, edges_between, of_values

SMALL = 4096
"""Up to so many values a tensor is copied to the host and counted there."""


def of_tensor(tensor: Tensor) -> Bins | None:
    """The bins of a real tensor of any shape and device; nan and infinity are left out.

    None where no finite value is left. This waits for the device.

    >>> of_tensor(torch.tensor([0.0, 1.0, 1.0])).counts
    [1, 0, 2]
    """
    flat = as_floats(tensor)
    if flat.numel() <= SMALL:
        return of_values(on_host(flat))
    finite = flat.isfinite()
    if not bool(finite.all()):
        return of_tensor(flat[finite])
    low, high = flat.aminmax()
    ends = torch.stack([low, high, flat.sum(), flat.dot(flat)]).tolist()
    edges = edges_between(ends[0], ends[1], flat.numel())
    counts = [flat.numel()] if len(edges) == 2 else _counts(flat, edges)
    return Bins(ends[0], ends[1], flat.numel(), ends[2], ends[3], edges, counts)


def _counts(flat: Tensor, edges: list[float]) -> list[int]:
    last = len(edges) - 2
    scale = (last + 1) / (edges[-1] - edges[0])
    places = ((flat - edges[0]) * scale).to(torch.int64).clamp_(0, last)
    return torch.bincount(places, minlength=last + 1).tolist()


def as_floats(tensor: Tensor) -> Tensor:
    """`tensor` flat, cut from its graph, float32 or float64.

    >>> as_floats(torch.tensor([[True, False]]))
    tensor([1., 0.])
    """
    flat = tensor.detach().reshape(-1)
    return flat if flat.dtype in (torch.float32, torch.float64) else flat.float()


def on_host(flat: Tensor) -> np.ndarray:
    """The values as an array."""
    return flat.cpu().numpy()
