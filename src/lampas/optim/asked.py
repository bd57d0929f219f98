"""The optimiser that a task was asked for, made when its net is there."""

from collections.abc import Callable, Iterable

from torch import nn
from torch.optim import Optimizer

from lampas.errors import InputError

OptimizerLike = str | Callable[[Iterable[nn.Parameter]], Optimizer]


def asked(spec: OptimizerLike, parameters: Iterable[nn.Parameter]) -> str | Optimizer:
    """A name as it is, or what a function makes of the `parameters`.

    Raises `InputError` for an optimiser that is made already: it has no parameters of this net.

    >>> asked("adam", [])
    'adam'
    """
    if isinstance(spec, Optimizer):
        raise InputError(
            "optimizer was made before the net: pass its name, or a function of the parameters, "
            "as lambda p: torch.optim.SGD(p, lr=0.1)"
        )
    return spec if isinstance(spec, str) else spec(parameters)
