"""Adam and AdamW."""

from functools import partial

import torch
from torch import Tensor

from lampas.jit.updates.base import (
    Group,
    Numbers,
    States,
    Update,
    decays,
    like,
    maximizes,
    reading,
    widened,
)
from lampas.jit.updates.decay import decayed, is_decoupled
from lampas.jit.updates.moments import averaged, averaged_square, correction


def adam(decoupled_by_default: bool) -> Update:
    """The rule of Adam, or of AdamW, which in older versions of torch no option tells apart."""
    decoupled = partial(is_decoupled, default=decoupled_by_default)

    def shape(group: Group) -> tuple[bool, ...]:
        return decays(group), decoupled(group), bool(group["amsgrad"]), maximizes(group)

    @widened
    def step(
        group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
    ) -> tuple[Tensor, States]:
        lr, _, _, _, weight_decay, *_ = numbers
        p, g = decayed(group, p, g, lr, weight_decay, decoupled=decoupled(group))
        return _descended(group, numbers, p, g, states)

    return Update(reading("lr", "betas", "eps", "weight_decay"), shape, _names, step, _own)


def _names(group: Group) -> tuple[str, ...]:
    usual = ("step", "exp_avg", "exp_avg_sq")
    return (*usual, "max_exp_avg_sq") if group["amsgrad"] else usual


def _own(group: Group, numbers: Numbers, t: Tensor) -> tuple[Tensor, ...]:
    lr, beta1, beta2, _, _ = numbers
    return lr / correction(beta1, t), correction(beta2, t).sqrt()


def _descended(
    group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
) -> tuple[Tensor, States]:
    """m <- beta1 * m + (1 - beta1) * g,    v <- beta2 * v + (1 - beta2) * g²

        p <- p - lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)

    (Kingma and Ba 2015). With amsgrad, the largest v so far takes the place of v in the last line
    (Reddi, Kale and Kumar 2018, in torch's form, which corrects it as it does v).
    """
    _, beta1, beta2, eps, _, rate, root = numbers
    t = states["step"] + 1
    m = averaged(states["exp_avg"], g, beta1)
    v = averaged_square(states["exp_avg_sq"], g, beta2)
    after = {"step": t, "exp_avg": m, "exp_avg_sq": v}
    if group["amsgrad"]:
        v = after["max_exp_avg_sq"] = torch.maximum(states["max_exp_avg_sq"], v)
    scale = v.sqrt() / like(root, p) + like(eps, p)
    return p - like(rate, p) * (m / scale), after


ADAM = adam(decoupled_by_default=False)
ADAMW = adam(decoupled_by_default=True)
