"""Adagrad."""

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


def _names(group: Group) -> tuple[str, ...]:
    return "step", "sum"


@widened
def _step(
    group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
) -> tuple[Tensor, States]:
    """s <- s + g²,    p <- p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    where t is the number of this step, from 1 (Duchi, Hazan and Singer 2011).
    """
    lr, lr_decay, eps, weight_decay = numbers
    g = penalized(group, p, g, weight_decay)
    t, s = states["step"] + 1, states["sum"] + g * g
    rate = lr / (1 + (t.double() - 1) * lr_decay)
    return p - like(rate, p) * (g / (s.sqrt() + like(eps, p))), {"step": t, "sum": s}


ADAGRAD = Update(reading("lr", "lr_decay", "eps", "weight_decay"), usual_shape, _names, _step)
