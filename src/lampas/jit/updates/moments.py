"""Moving averages of a gradient and of its square, and what corrects their start from zero."""

import torch
from torch import Tensor

from lampas.jit.updates.base import like


def averaged(average: Tensor, value: Tensor, beta: Tensor) -> Tensor:
    """beta * average + (1 - beta) * value, by `lerp`: an average that is the value stays so.

    >>> averaged(torch.ones(1), torch.zeros(1), torch.tensor(0.75))
    tensor([0.7500])
    """
    return torch.lerp(average, value, like(1 - beta, average))


def averaged_square(average: Tensor, g: Tensor, beta: Tensor) -> Tensor:
    """beta * average + (1 - beta) * g².

    >>> averaged_square(torch.ones(1), torch.full((1,), 2.0), torch.tensor(0.75))
    tensor([1.7500])
    """
    return like(beta, g) * average + like(1 - beta, g) * (g * g)


def correction(beta: Tensor, step: Tensor) -> Tensor:
    """1 - beta^step, the weight that an average has gathered since it started from zero.

    In float64, as torch has it from Python's numbers: in float32, 1 - 0.999 is off by 1e-5 of it.

    >>> correction(torch.tensor(0.5), torch.tensor(2.0))
    tensor(0.7500, dtype=torch.float64)
    """
    return 1 - power(beta.double(), step.double())


def power(base: Tensor, exponent: Tensor) -> Tensor:
    """base^exponent for 0 <= base, by exp and log: these torch's compiler holds dear enough to
    keep what several others read, where it would compute a `pow` again for each of them.

    >>> power(torch.tensor(0.0), torch.tensor([1.0, 2.0]))
    tensor([0., 0.])
    """
    return (exponent * base.log()).exp()
