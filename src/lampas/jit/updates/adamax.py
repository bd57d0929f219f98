"""Adamax."""

import torch
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
from lampas.jit.updates.moments import averaged, correction


def _names(group: Group) -> tuple[str, ...]:
    return "step", "exp_avg", "exp_inf"


@widened
def _step(
    group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
) -> tuple[Tensor, States]:
    """m <- beta1 * m + (1 - beta1) * g,    u <- max(beta2 * u, |g| + eps)

        p <- p - lr / (1 - beta1^t) * m / u

    (Kingma and Ba 2015, section 7.1).
    """
    _, beta1, beta2, eps, weight_decay, rate = numbers
    g = penalized(group, p, g, weight_decay)
    t = states["step"] + 1
    m = averaged(states["exp_avg"], g, beta1)
    u = torch.maximum(like(beta2, p) * states["exp_inf"], g.abs() + like(eps, p))
    after = {"step": t, "exp_avg": m, "exp_inf": u}
    return p - like(rate, p) * (m / u), after


def _own(group: Group, numbers: Numbers, t: Tensor) -> tuple[Tensor, ...]:
    lr, beta1, *_ = numbers
    return (lr / correction(beta1, t),)


ADAMAX = Update(reading("lr", "betas", "eps", "weight_decay"), usual_shape, _names, _step, _own)
