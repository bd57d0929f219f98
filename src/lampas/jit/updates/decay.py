"""Weight decay that an option couples to the gradient or not."""

from torch import Tensor

from lampas.jit.updates.base import Group, decays, like, maximizes, penalized


def is_decoupled(group: Group, default: bool = False) -> bool:
    """What the group says; `default` where an older torch has no such option."""
    return bool(group.get("decoupled_weight_decay", default))


def decoupled_shape(group: Group) -> tuple[bool, ...]:
    """That of a rule whose weight decay may be decoupled, and nothing else of which changes the
    graph."""
    return decays(group), is_decoupled(group), maximizes(group)


def decayed(
    group: Group, p: Tensor, g: Tensor, lr: Tensor, weight_decay: Tensor, *, decoupled: bool
) -> tuple[Tensor, Tensor]:
    """The parameter and the gradient to go on with.

    Coupled: p and g + weight_decay * p. Decoupled: (1 - lr * weight_decay) * p and g (Loshchilov
    and Hutter 2019). Where the group maximizes, -g takes the place of g.

    >>> import torch
    >>> p, g, half = torch.ones(1), torch.zeros(1), torch.tensor(0.5)
    >>> decayed({"weight_decay": 0.5}, p, g, half, half, decoupled=True)
    (tensor([0.7500]), tensor([0.]))
    >>> decayed({"weight_decay": 0.5}, p, g, half, half, decoupled=False)
    (tensor([1.]), tensor([0.5000]))
    """
    if not decoupled:
        return p, penalized(group, p, g, weight_decay)
    p = p * like(1 - lr * weight_decay, p) if decays(group) else p
    return p, -g if maximizes(group) else g
