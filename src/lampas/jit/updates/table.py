"""Which optimizers have a compiled form, and why another has none."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from lampas.jit.updates.adadelta import ADADELTA
from lampas.jit.updates.adagrad import ADAGRAD
from lampas.jit.updates.adam import ADAM, ADAMW
from lampas.jit.updates.adamax import ADAMAX
from lampas.jit.updates.base import Group, Update
from lampas.jit.updates.nadam import NADAM
from lampas.jit.updates.radam import RADAM
from lampas.jit.updates.rmsprop import RMSPROP
from lampas.jit.updates.sgd import SGD
from lampas.optim.bare import step_hooks
from lampas.optim.fastest import prepare

UPDATES: dict[type[torch.optim.Optimizer], Update] = {
    torch.optim.SGD: SGD,
    torch.optim.Adam: ADAM,
    torch.optim.AdamW: ADAMW,
    torch.optim.Adagrad: ADAGRAD,
    torch.optim.RMSprop: RMSPROP,
    torch.optim.Adamax: ADAMAX,
    torch.optim.NAdam: NADAM,
    torch.optim.RAdam: RADAM,
    torch.optim.Adadelta: ADADELTA,
}


def update_of(optimizer: torch.optim.Optimizer) -> Update | str:
    """The compiled form of an optimizer's step, or in a few words why there is none.

    The options `foreach`, `fused` and `capturable` choose among implementations of one rule, and
    so play no part. What cannot be known before a step, such as sparse gradients, is not looked
    at. A `step` that a torch scheduler has wrapped, to see whether it was called, is one of
    torch's own; a caller that goes around it sets the scheduler's sign, `_opt_called`, itself.

    >>> weight = torch.nn.Parameter(torch.zeros(1))
    >>> update_of(torch.optim.SGD([weight])) is SGD
    True
    >>> update_of(torch.optim.Rprop([weight]))
    'Rprop has no compiled form'
    >>> update_of(torch.optim.Adam([weight], lr=torch.tensor(0.1)))
    'its lr is a tensor'
    """
    return next(_reasons(optimizer), None) or UPDATES[type(optimizer)]


def _no_form(kind: type[torch.optim.Optimizer]) -> str:
    own = next((base for base in kind.__mro__ if base in UPDATES), None)
    if own is None:
        return f"{kind.__name__} has no compiled form"
    return f"{kind.__name__} is a subclass of {own.__name__}"


def _reasons(optimizer: torch.optim.Optimizer) -> Iterator[str]:
    if type(optimizer) not in UPDATES:
        yield _no_form(type(optimizer))
    for group in optimizer.param_groups:
        yield from _in_group(group)
    if _has_hooks(optimizer):
        yield "it has step hooks"
    own: Any = vars(optimizer).get("step")
    if own is not None and not hasattr(own, "_wrapped_by_lr_sched"):
        yield "its step was replaced"


def _in_group(group: Group) -> Iterator[str]:
    if group.get("differentiable"):
        yield "differentiable=True"
    for name, value in group.items():
        if isinstance(value, Tensor):
            yield f"its {name} is a tensor"
        if isinstance(value, tuple) and any(isinstance(number, Tensor) for number in value):
            yield f"its {name} are tensors"
    if any(p.is_complex() for p in group["params"]):
        yield "complex parameters"
    if any(p.layout != torch.strided for p in group["params"]):
        yield "sparse parameters"


def _has_hooks(optimizer: torch.optim.Optimizer) -> bool:
    """Hooks that somebody waits for: not our own, which only prepares for a fused kernel."""
    return any(hook is not prepare for hook in step_hooks(optimizer))
