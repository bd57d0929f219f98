"""NAdam."""

import math

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
    return "step", "exp_avg", "exp_avg_sq", "mu_product"


@widened
def _step(
    group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
) -> tuple[Tensor, States]:
    """Adam's m and v, and a step along the m that the next gradient would give, were it g:

        mu_t = beta1 * (1 - 0.96^(t * momentum_decay) / 2),    M_t = mu_1 * ... * mu_t
        d = mu_(t+1) / (1 - M_(t+1)) * m + (1 - mu_t) / (1 - M_t) * g
        p <- p - lr * d / (sqrt(v / (1 - beta2^t)) + eps)

    (Dozat 2016).
    """
    lr, beta1, beta2, eps, weight_decay, _, mu, mu_next, gathered = numbers
    p, g = decayed(group, p, g, lr, weight_decay, decoupled=is_decoupled(group))
    t = states["step"] + 1
    product = states["mu_product"] * like(mu, states["mu_product"])
    m = averaged(states["exp_avg"], g, beta1)
    v = averaged_square(states["exp_avg_sq"], g, beta2)
    of_g = lr * (1 - mu) / (1 - product.double())
    of_m = lr * mu_next / (1 - product.double() * mu_next)
    scale = (v / like(gathered, p)).sqrt() + like(eps, p)
    new = p - like(of_g, p) * (g / scale) - like(of_m, p) * (m / scale)
    return new, {"step": t, "exp_avg": m, "exp_avg_sq": v, "mu_product": product}


def _own(group: Group, numbers: Numbers, t: Tensor) -> tuple[Tensor, ...]:
    _, beta1, beta2, _, _, momentum_decay = numbers
    mu, mu_next = (_mu(beta1, momentum_decay, when) for when in (t, t + 1))
    return mu, mu_next, correction(beta2, t)


def _mu(beta1: Tensor, momentum_decay: Tensor, t: Tensor) -> Tensor:
    return beta1 * (1 - 0.5 * (t * momentum_decay * math.log(0.96)).exp())


NADAM = Update(
    reading("lr", "betas", "eps", "weight_decay", "momentum_decay"), decoupled_shape, _names, _step,
    _own,
)  # fmt: skip
