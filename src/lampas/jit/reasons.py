"""Why a step is not compiled: what can be said before it is traced."""

import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lampas.callbacks.say import say
from lampas.forward import has_hooks
from lampas.jit.updates import update_of
from lampas.plan import Plan

if TYPE_CHECKING:
    from lampas.model import Model


class NotCompilableError(Exception):
    """The step is not compiled; the message says why, in a few words."""


def tell(why: object) -> None:
    """One line, where steps run by hand that were to be compiled."""
    say(f"jit: steps are not compiled: {why}")


def line_of(error: Exception) -> str:
    """The first line of what it says, or its kind.

    >>> line_of(ValueError("no such kernel")), line_of(KeyError())
    ('no such kernel', 'KeyError')
    """
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def why_not(model: "Model") -> str | None:
    """Why the step of `model` cannot be one graph; None where nothing is known against it."""
    return _of_the_step(model) or _of_the_optimizer(model) or _of_the_net(model)


def _of_the_step(model: "Model") -> str | None:
    plan = model.plan
    if model.has_own_step:
        return f"{type(model).__name__} writes its own train_step"
    if plan.device.type != "cpu":
        return f"steps are compiled for the CPU, and the model is on {plan.device}"
    if plan.scaler.is_enabled():
        return "precision='fp16' scales the loss by what earlier steps gave"
    if plan.recompute is not None:
        return "recompute= has parts of the net computed again, which a graph would not"
    if plan.in_backward is not None:
        return "optimizer_in_backward= frees each gradient at once, and a graph holds them together"
    if not _has_inductor():
        return f"torch {torch.__version__} has no inductor that compiles a graph by itself"
    if not any(map(shutil.which, ("g++", "clang++", "cl"))):
        return "there is no C++ compiler here"
    return None


def _has_inductor() -> bool:
    import torch._inductor as inductor

    return hasattr(inductor, "standalone_compile")


def _of_the_optimizer(model: "Model") -> str | None:
    plan = model.plan
    if len(plan.optimizers) != 1:
        return f"there are {len(plan.optimizers)} optimizers"
    (optimizer,) = plan.optimizers
    update = update_of(optimizer)
    if isinstance(update, str):
        return update
    known = {id(p) for module in modules_of(model) for p in module.parameters()}
    if any(id(p) not in known for p in plan.parameters):
        return "the optimizer steps tensors outside of the model and its losses"
    return None


def modules_of(model: "Model") -> list[nn.Module]:
    """The model, and the losses and penalties that have tensors of their own."""
    plan: Plan = model.plan
    parts: list[Any] = [getattr(term, "function", None) for term in plan.criterion.terms]
    return [model, *(p for p in [*parts, *plan.penalties] if isinstance(p, nn.Module))]


def parts_of(model: "Model") -> list[nn.Module]:
    """These, and all modules within them."""
    return [part for module in modules_of(model) for part in module.modules()]


def _of_the_net(model: "Model") -> str | None:
    for module in modules_of(model):
        for name, part in module.named_modules():
            if has_hooks(part):
                return f"{name or type(part).__name__} has hooks, which are Python's to run"
            if isinstance(part, nn.RNNBase):
                # Measured: 1.08 of the time by hand, after two minutes of compiling.
                return f"torch's own kernel of {type(part).__name__} is faster than a compiled one"
            if getattr(part, "sparse", False) is True:
                return f"{name or type(part).__name__} gives sparse gradients"
        why = _of_tensors([*module.parameters(), *module.buffers()])
        if why is not None:
            return why
    return None


def _of_tensors(tensors: Iterable[Tensor]) -> str | None:
    for tensor in tensors:
        if type(tensor) not in (Tensor, nn.Parameter, nn.Buffer):
            return f"a tensor of the net is a {type(tensor).__name__}"
        if tensor.is_complex():
            return "the net has complex numbers"
    return None
