"""A net that is asked for gradients, and is afterwards what it was before."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

from lampas.errors import InputError
from lampas.modes import evaluating
from lampas.plan import device_of


@contextmanager
def untouched(model: nn.Module) -> Generator[None]:
    """Evaluation mode, with gradients recorded whatever the caller had; modes and torch's random
    state on the CPU and the model's device are put back after.

    Gradients are asked for by `gradient`, which leaves none on parameters.

    >>> net = nn.Dropout()
    >>> with torch.no_grad(), untouched(net):
    ...     print(net.training, torch.is_grad_enabled())
    False True
    >>> net.training
    True
    """
    device = device_of(model)
    cards = [device] if device.type == "cuda" else []
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(cards))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(evaluating(model))
        if cards and any(isinstance(part, nn.RNNBase) for part in model.modules()):
            # cuDNN differentiates recurrent layers in training mode alone; torch's own do always.
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield


def gradient(score: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """∂ Σ score(x) / ∂x, of the shape and dtype of x, for a score (N,) of each of N samples.

    No sample's score depends on another sample in evaluation mode, so each gets its own gradient.
    Raises `InputError` where the score has none.

    >>> gradient(lambda x: (x**2).sum(1), torch.tensor([[1.0, 2.0]]))
    tensor([[2., 4.]])
    """
    leaf = x.detach().clone().requires_grad_()
    value = score(leaf)
    found = None
    if value.requires_grad:
        (found,) = torch.autograd.grad(value.sum(), leaf, allow_unused=True)
    if found is None:
        raise InputError(
            "the net's output has no gradient of its input, as where forward detaches it or runs "
            "under no_grad: take the method that needs none, 'occlusion' or 'leave_one_out'"
        )
    return found
