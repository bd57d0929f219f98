"""Adam's fused step without what torch looks at anew each time."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

_KINDS = (torch.optim.Adam, torch.optim.AdamW)
_KERNELS: list[Any] = [getattr(torch, f"_fused_{name}_", None) for name in ("adam", "adamw")]


def direct_step(
    optimizer: torch.optim.Optimizer, step: Callable[[], Any]
) -> Callable[[], Any] | None:
    """What `optimizer.step()` does, for a fused `torch.optim.Adam` or `AdamW` on the CPU; None for
    others.

    The same kernel gets the same tensors. Torch sorts them by device and dtype in each step, and
    passes them from function to function: 35 µs of 55 for a net of three layers. Here gradients,
    the state and the options of the groups are read in each step too, so that whoever changes them
    is heard; where they are others than a kernel on the CPU takes, the step is `step`, torch's own.

    Ask again for each epoch: parameters may have moved.

    >>> weight = torch.nn.Parameter(torch.ones(1))
    >>> adam = torch.optim.Adam([weight], lr=0.5, fused=True)
    >>> step = direct_step(adam, adam.step)
    >>> for _ in range(2):
    ...     weight.grad = torch.ones(1)
    ...     step()
    >>> round(weight.item(), 4), adam.state[weight]["step"]
    (0.0, tensor(2.))
    """
    if type(optimizer) not in _KINDS or None in _KERNELS:
        return None
    if not all(_lies_together(group["params"]) for group in optimizer.param_groups):
        return None
    decoupled = isinstance(optimizer, torch.optim.AdamW)

    def direct() -> None:
        calls = [_call_of(optimizer.state, group) for group in optimizer.param_groups]
        if None in calls:
            step()
            return
        with torch.no_grad():
            for group, call in zip(optimizer.param_groups, calls, strict=True):
                if call is not None and call.params:
                    _apply(group, call, group.get("decoupled_weight_decay", decoupled))

    return direct


def _lies_together(params: list[Tensor]) -> bool:
    """Whether one call takes them all."""
    kinds = {(p.device.type, p.dtype, p.layout) for p in params}
    return len(kinds) <= 1 and all(
        device == "cpu" and layout == torch.strided for device, _, layout in kinds
    )


class _Call(NamedTuple):
    """The tensors of one group that have gradients."""

    params: list[Tensor]
    grads: list[Tensor]
    averages: list[Tensor]
    squares: list[Tensor]
    largest: list[Tensor]
    steps: list[Tensor]


def _call_of(state: Any, group: dict[str, Any]) -> _Call | None:
    """None where this step is torch's own: of a new optimizer, which makes its state then, and
    where something is no plain number or tensor."""
    if not group["fused"] or group["capturable"] or group["differentiable"]:
        return None
    if isinstance(group["lr"], Tensor) or isinstance(group["betas"][0], Tensor):
        return None
    call = _Call([], [], [], [], [], [])
    for p in group["params"]:
        grad = p.grad
        if grad is None:
            continue
        kept = state.get(p)
        if not kept or grad.is_sparse:
            return None
        call.params.append(p)
        call.grads.append(grad)
        call.averages.append(kept["exp_avg"])
        call.squares.append(kept["exp_avg_sq"])
        call.steps.append(kept["step"])
        if group["amsgrad"]:
            call.largest.append(kept["max_exp_avg_sq"])
    return call


def _apply(group: dict[str, Any], call: _Call, decoupled: bool) -> None:
    torch._foreach_add_(call.steps, 1)  # pyright: ignore
    beta1, beta2 = group["betas"]
    _KERNELS[decoupled](
        call.params, call.grads, call.averages, call.squares, call.largest, call.steps,
        lr=group["lr"], beta1=beta1, beta2=beta2, weight_decay=group["weight_decay"],
        eps=group["eps"], amsgrad=group["amsgrad"], maximize=group["maximize"],
        grad_scale=None, found_inf=None,
    )  # fmt: skip
