"""Adadelta."""

from torch import Tensor

from lampas.jit.updates.base import (
    Group,
    Numbers,
    States,
    Update,
    like,
    penalized,
    reading,
    usual_shape,
    widened,
)
from lampas.jit.updates.moments import averaged_square


def _names(group: Group) -> tuple[str, ...]:
    return "step", "square_avg", "acc_delta"


@widened
def _step(
    group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
) -> tuple[Tensor, States]:
    """v <- rho * v + (1 - rho) * g²,    d = sqrt(u + eps) / sqrt(v + eps) * g

        u <- rho * u + (1 - rho) * d²,    p <- p - lr * d

    (Zeiler 2012, to which torch adds the rate).
    """
    lr, rho, eps, weight_decay = numbers
    g = penalized(group, p, g, weight_decay)
    v = averaged_square(states["square_avg"], g, rho)
    u, small = states["acc_delta"], like(eps, p)
    d = (u + small).sqrt() / (v + small).sqrt() * g
    after = {"step": states["step"] + 1, "square_avg": v, "acc_delta": averaged_square(u, d, rho)}
    return p - like(lr, p) * d, after


ADADELTA = Update(reading("lr", "rho", "eps", "weight_decay"), usual_shape, _names, _step)
