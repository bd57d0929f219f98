"""`optimizer_in_backward`: a parameter is stepped when its gradient is there, which is freed.

The gradients of all parameters are never there together. The optimizer stays the user's own object:
its groups, its options and its state mean what they always mean.
"""

from threading import Lock
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from lampas import optim
from lampas.errors import InputError
from lampas.optim.bare import step_hooks
from lampas.optim.fastest import prepare
from lampas.step import Owner, update_one

if TYPE_CHECKING:
    from lampas.plan import Plan

_ONE = Lock()  # backward has a thread for each device


class InBackward:
    """The context of a backward pass in which parameters are stepped as their gradients arrive.

    Raises `InputError` for what needs all gradients at once, or each of them longer.
    """

    def __init__(self, plan: "Plan") -> None:
        self._plan = plan
        _check(plan)
        for optimizer in plan.optimizers:
            optim.require_separable(optimizer)
        self._owners: dict[nn.Parameter, list[Owner]] = {}
        self._handles: list[Any] = []

    def begin(self) -> None:
        """Look again at groups and hooks."""
        self._owners = {}
        for optimizer in self._plan.optimizers:
            _refuse_hooks(optimizer)
            step = optim.bare_step(optimizer)
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    self._owners.setdefault(parameter, []).append((optimizer, group, step))

    def __enter__(self) -> None:
        self._handles = [
            parameter.register_post_accumulate_grad_hook(self._arrived)
            for parameter in self._owners
            if parameter.requires_grad
        ]

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _arrived(self, parameter: Any) -> None:
        with _ONE:
            update_one(self._plan, parameter, self._owners[parameter])


def refuse_own_step(kind: str) -> None:
    """Raise for a model that steps its optimizer itself."""
    raise InputError(
        f"optimizer_in_backward steps within Lampas's own backward pass, and {kind} writes its own "
        "train_step: leave it out, or have parameters stepped there by "
        "register_post_accumulate_grad_hook"
    )


def _check(plan: "Plan") -> None:
    if plan.clip_norm is not None:
        raise InputError(
            "clip_norm needs the gradients of all parameters together, which "
            "optimizer_in_backward never has: take clip_value, or leave one of them out"
        )
    if plan.accumulate > 1:
        raise InputError(
            f"accumulate={plan.accumulate} adds gradients up, and optimizer_in_backward keeps "
            "none: leave one of them out; recompute=True makes room for larger batches"
        )
    if plan.scaler.is_enabled():
        raise InputError(
            "precision='fp16' looks at all gradients before it steps, and optimizer_in_backward "
            "never has them together: take precision='bf16', or leave optimizer_in_backward out"
        )
    if plan.wants_closure:
        raise InputError(
            "LBFGS needs the gradients of all parameters together, which optimizer_in_backward "
            "never has: leave it out, or take another optimizer"
        )


def _refuse_hooks(optimizer: torch.optim.Optimizer) -> None:
    """A hook of the user's around `step()` would come for each parameter; ours know."""
    for hook in step_hooks(optimizer):
        if hook is not prepare and not str(getattr(hook, "__module__", "")).startswith("lampas."):
            raise InputError(
                "optimizer_in_backward calls step() for each parameter, and the optimizer has step "
                "hooks, which expect one call a step: remove them, or leave it out"
            )
