"""`optimizer.step()` less what it does around its kernels."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import torch

from lampas.optim.direct import direct_step

_GLOBAL = import_module("torch.optim.optimizer")  # torch.optim hides the name of this module


def bare_step(optimizer: torch.optim.Optimizer) -> Callable[[], Any]:
    """What `optimizer.step()` does, without the wrapper around it where that has nothing to do.

    torch wraps the `step` of each of its optimizers to run hooks and to open a record for the
    profiler, which costs 6 µs a step whether somebody profiles or not. Where no hook is
    registered, nobody profiles and nobody (such as a torch scheduler) has put another `step` on
    the object, the function under the wrapper is returned, bound, or for Adam what stands in its
    place (see `direct_step`); else `optimizer.step` itself.
    Ask again for each run: hooks come and go.

    >>> weight = torch.nn.Parameter(torch.ones(1))
    >>> optimizer = torch.optim.SGD([weight], lr=0.5)
    >>> weight.sum().backward()
    >>> bare_step(optimizer)()
    >>> weight.item()
    0.5
    """
    own: Any = type(optimizer).__dict__.get("step")
    inner: Any = getattr(own, "__wrapped__", None)
    if inner is None or not getattr(own, "hooked", False):
        return optimizer.step
    if "step" in vars(optimizer) or _is_observed(optimizer):
        return optimizer.step
    step = partial(inner, optimizer)
    return direct_step(optimizer, step) or step


def _is_observed(optimizer: torch.optim.Optimizer) -> bool:
    """Whether hooks or a profiler wait for the wrapper."""
    return bool(step_hooks(optimizer) or torch.autograd._profiler_enabled())  # pyright: ignore


def step_hooks(optimizer: torch.optim.Optimizer) -> list[Any]:
    """All that is called before and after each step; None for each kind that torch hides.

    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))])
    >>> handle = optimizer.register_step_post_hook(print)
    >>> step_hooks(optimizer)
    [<built-in function print>]
    """
    places = (
        (optimizer, "_optimizer_step_pre_hooks"),
        (optimizer, "_optimizer_step_post_hooks"),
        (_GLOBAL, "_global_optimizer_pre_hooks"),
        (_GLOBAL, "_global_optimizer_post_hooks"),
    )
    kinds = [getattr(place, name, {0: None}) for place, name in places]
    return [hook for kind in kinds for hook in kind.values()]
