"""RMSprop."""

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
from lampas.jit.updates.moments import averaged, averaged_square


def _shape(group: Group) -> tuple[bool, ...]:
    return decays(group), _has_momentum(group), bool(group["centered"]), maximizes(group)


def _has_momentum(group: Group) -> bool:
    return group["momentum"] > 0


def _names(group: Group) -> tuple[str, ...]:
    more = (("momentum_buffer", _has_momentum(group)), ("grad_avg", group["centered"]))
    return ("step", "square_avg", *(name for name, there in more if there))


@widened
def _step(
    group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
) -> tuple[Tensor, States]:
    """v <- alpha * v + (1 - alpha) * g²,    p <- p - lr * d,    d = g / (sqrt(v) + eps)

    (Tieleman and Hinton 2012, lecture 6.5). Centered, v - a² takes the place of v in d, with
    a <- alpha * a + (1 - alpha) * g (Graves 2013). With momentum, b <- momentum * b + d takes
    the place of d in the step.
    """
    lr, alpha, eps, weight_decay, momentum = numbers
    g = penalized(group, p, g, weight_decay)
    v = averaged_square(states["square_avg"], g, alpha)
    after = {"step": states["step"] + 1, "square_avg": v}
    if group["centered"]:
        a = after["grad_avg"] = averaged(states["grad_avg"], g, alpha)
        v = v - a * a
    d = g / (v.sqrt() + like(eps, p))
    if _has_momentum(group):
        d = after["momentum_buffer"] = like(momentum, p) * states["momentum_buffer"] + d
    return p - like(lr, p) * d, after


RMSPROP = Update(reading("lr", "alpha", "eps", "weight_decay", "momentum"), _shape, _names, _step)
