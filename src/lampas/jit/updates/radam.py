"""RAdam."""

import torch
from torch import Tensor

from lampas.jit.updates.base import (
    Group,
    Numbers,
    States,
    Update,
    like,
    reading,
    widened,
)
from lampas.jit.updates.decay import decayed, decoupled_shape, is_decoupled
from lampas.jit.updates.moments import averaged, averaged_square, correction


def _names(group: Group) -> tuple[str, ...]:
    return "step", "exp_avg", "exp_avg_sq"


@widened
def _step(
    group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
) -> tuple[Tensor, States]:
    """Adam's m and v, and p <- p - lr * m / (1 - beta1^t) * d, where d is 1 in the first steps.

    Once rho > 5, d = r * sqrt(1 - beta2^t) / (sqrt(v) + eps), and r corrects for the variance
    that 1 / sqrt(v) has while few gradients stand behind it (Liu et al. 2020).
    """
    lr, beta1, beta2, eps, weight_decay, is_known, rate, factor = numbers
    p, g = decayed(group, p, g, lr, weight_decay, decoupled=is_decoupled(group))
    t = states["step"] + 1
    m = averaged(states["exp_avg"], g, beta1)
    v = averaged_square(states["exp_avg_sq"], g, beta2)
    adapted = like(factor, p) / (v.sqrt() + like(eps, p))
    d = torch.where(is_known.to(p.device), adapted, 1.0)
    new = p - like(rate, p) * m * d
    return new, {"step": t, "exp_avg": m, "exp_avg_sq": v}


def _own(group: Group, numbers: Numbers, t: Tensor) -> tuple[Tensor, ...]:
    lr, beta1, beta2, *_ = numbers
    is_known, r = _rectified(beta2, t)
    return is_known, lr / correction(beta1, t), r * correction(beta2, t).sqrt()


def _rectified(beta2: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """Whether rho > 5, and r, which means nothing before.

    rho_inf = 2 / (1 - beta2) - 1,    rho = rho_inf - 2 t beta2^t / (1 - beta2^t)

        r² = (rho - 4)(rho - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho)
    """
    gathered = correction(beta2, step)
    limit = 2 / (1 - beta2) - 1
    rho = limit - 2 * step.double() * (1 - gathered) / gathered
    square = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)
    return rho > 5, square.sqrt()


RADAM = Update(reading("lr", "betas", "eps", "weight_decay"), decoupled_shape, _names, _step, _own)
