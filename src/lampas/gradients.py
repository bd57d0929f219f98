"""The gradients that a step left, and their norm."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_SMALL = 4096  # numbers: a copy of so many costs nothing


def gradients_of(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """The dense gradients that are there: after a step of `fit` as it used them, so clipped and
    unscaled; none where a step of the user's own has dropped them.

    >>> gradients_of([nn.Parameter(torch.zeros(1))])
    []
    """
    found = [parameter.grad for parameter in parameters]
    return [grad for grad in found if grad is not None and grad.layout == torch.strided]


def norm_of(gradients: Sequence[Tensor]) -> Tensor:
    """The 2-norm of all elements together, a 0-d tensor; nothing waits for the device.

    >>> norm_of([torch.tensor([3.0]), torch.tensor([[4.0]])])
    tensor(5.)
    """
    first = gradients[0]
    if sum(gradient.numel() for gradient in gradients) > _SMALL or any(
        gradient.device != first.device for gradient in gradients
    ):
        return torch.nn.utils.get_total_norm(gradients)
    # A third of the time, where a copy of all costs nothing.
    return torch.linalg.vector_norm(torch.cat([gradient.reshape(-1) for gradient in gradients]))
