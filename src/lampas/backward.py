"""`loss.backward()` less what torch does before its engine runs."""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import has_torch_function_unary

_ENGINE: Any = getattr(torch.autograd.Variable, "_execution_engine", None)


def backward(loss: Tensor) -> None:
    """`loss.backward()`; of a plain tensor on the CPU without the 14 µs before autograd's engine,
    in which torch looks for tensors of other kinds, and for somebody who listens.

    >>> weight = torch.ones(1, requires_grad=True)
    >>> backward((3 * weight).sum())
    >>> weight.grad
    tensor([3.])
    """
    is_plain = type(loss) is Tensor and loss.is_cpu and not has_torch_function_unary(loss)
    if is_plain and _ENGINE is not None:
        ones = torch.ones_like(loss)
        _ENGINE.run_backward((loss,), (ones,), False, False, (), True, accumulate_grad=True)
    else:
        loss.backward()
