"""Stochastic gradient descent, with momentum."""

from torch import Tensor

from lampas.jit.updates.base import (
    Group,
    Numbers,
    States,
    Update,
    decays,
    like,
    maximizes,
    penalized,
    reading,
    widened,
)


def _shape(group: Group) -> tuple[bool, ...]:
    return decays(group), _has_momentum(group), bool(group["nesterov"]), maximizes(group)


def _has_momentum(group: Group) -> bool:
    return group["momentum"] != 0


def _names(group: Group) -> tuple[str, ...]:
    return ("momentum_buffer",) if _has_momentum(group) else ()


@widened
def _step(
    group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
) -> tuple[Tensor, States]:
    """p <- p - lr * d. Without momentum d = g, the gradient; with it

        b <- momentum * b + (1 - dampening) * g,    d = b, or g + momentum * b with nesterov

    (Sutskever, Martens, Dahl and Hinton 2013, in torch's form, where lr is outside of b).
    """
    lr, momentum, dampening, weight_decay = numbers
    g = penalized(group, p, g, weight_decay)
    if not _has_momentum(group):
        return p - like(lr, p) * g, {}
    momentum = like(momentum, p)
    b = momentum * states["momentum_buffer"] + like(1 - dampening, p) * g
    d = g + momentum * b if group["nesterov"] else b
    return p - like(lr, p) * d, {"momentum_buffer": b}


SGD = Update(reading("lr", "momentum", "dampening", "weight_decay"), _shape, _names, _step)
