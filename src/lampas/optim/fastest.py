"""Choose the fused implementation where the user left the choice open."""

from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn

Group = dict[str, Any]

# Optimizers whose steps are already preceded by `prepare`.
_prepared: WeakSet[torch.optim.Optimizer] = WeakSet()


def use_fastest(
    optimizer: torch.optim.Optimizer, model: nn.Module, *, own_gradients: bool = True
) -> list[int]:
    """Set `fused=True` in each parameter group that leaves it open and can take it.

    A group is left as it is where `fused` or `foreach` was set by the user; where torch has no
    fused kernel for this optimizer, device and dtype (one step on a throw-away element of each
    kind finds out, so the answer is the installed torch's); for sparse gradients (parameters of
    a module of `model` with `sparse=True`), differentiable optimizers, tensors other than dense
    floating-point ones, and subclasses of torch's optimizers. What torch then uses by itself
    (`foreach` on accelerators) is the fastest it has. Results agree to rounding.

    State from earlier steps is kept: `step` goes to the parameter's device as float32, as
    torch's `load_state_dict` does. Call it again after `load_state_dict`, which brings back the
    saved options. Returns the indices of the groups set now.

    A fused kernel reads memory without looking at strides, so a hook before each step brings
    gradients that were assigned by hand into their parameter's layout; this costs 0.2 µs a
    parameter. `own_gradients=False` says that `backward()` alone makes the gradients, which it
    does in that layout: no hook then, but for SGD's momentum, whose kernel has another need.

    >>> net = nn.Linear(2, 1)
    >>> optimizer = torch.optim.Adam(net.parameters())
    >>> use_fastest(optimizer, net)
    [0]
    >>> use_fastest(torch.optim.Adam(net.parameters(), foreach=False), net)
    []
    """
    chosen: list[int] = []
    if type(optimizer).__module__.partition(".")[0] == "torch":
        sparse = _sparse_parameters(model)
        for index, group in enumerate(optimizer.param_groups):
            if _is_open(group) and _is_dense(group, sparse) and _works(optimizer, group):
                group["fused"] = True
                _move_steps(optimizer, group)
                chosen.append(index)
    needed = own_gradients or any(optimizer.param_groups[i].get("momentum") for i in chosen)
    if chosen and needed and optimizer not in _prepared:
        optimizer.register_step_pre_hook(prepare)
        _prepared.add(optimizer)
    _declare_scaling(optimizer, chosen)
    return chosen


def _is_open(group: Group) -> bool:
    """Whether the group has both options and neither was decided."""
    return (
        group.get("fused", False) is None
        and group.get("foreach", False) is None
        and not group.get("differentiable", False)
    )


def _sparse_parameters(model: nn.Module) -> set[int]:
    """Ids of the parameters whose gradients will be sparse (nn.Embedding, nn.EmbeddingBag)."""
    return {
        id(p)
        for module in model.modules()
        if getattr(module, "sparse", False) is True
        for p in module.parameters(recurse=False)
    }


def _is_dense(group: Group, sparse: set[int]) -> bool:
    return all(
        type(p) in (Tensor, nn.Parameter)
        and p.layout == torch.strided
        and p.is_floating_point()
        and _fills_its_memory(p)
        and id(p) not in sparse
        for p in group["params"]
    )


def _fills_its_memory(p: Tensor) -> bool:
    """Whether elements lie without gaps, so that autograd gives the gradient equal strides."""
    expected = 1
    for stride, size in sorted(zip(p.stride(), p.shape, strict=True)):
        if size > 1:
            if stride != expected:
                return False
            expected *= size
    return True


def _works(optimizer: torch.optim.Optimizer, group: Group) -> bool:
    # With dampening, the first momentum buffer is no multiple of the gradient's usual share, and
    # `_fill_momentum` could not start a late parameter as torch's own loop does.
    if group.get("momentum") and group.get("dampening"):
        return False
    kinds = {(p.device, p.dtype) for p in group["params"]}
    return all(_steps_fused(type(optimizer), group, *kind) for kind in kinds)


def _steps_fused(
    kind: type[torch.optim.Optimizer], group: Group, device: torch.device, dtype: torch.dtype
) -> bool:
    """Whether one fused step with the group's own options succeeds for this device and dtype."""
    probe = nn.Parameter(torch.zeros(1, device=device, dtype=dtype))
    probe.grad = torch.zeros_like(probe)
    options = {k: v for k, v in group.items() if k not in ("params", "param_names")}
    make: Any = kind
    try:
        make([{**options, "params": [probe], "fused": True}]).step()
    except (RuntimeError, TypeError, ValueError):
        return False
    return True


def _move_steps(optimizer: torch.optim.Optimizer, group: Group) -> None:
    for p in group["params"]:
        state = optimizer.state.get(p, {})
        if "step" in state:
            state["step"] = torch.as_tensor(state["step"]).to(p.device, torch.float32)


def _declare_scaling(optimizer: torch.optim.Optimizer, chosen: list[int]) -> None:
    """Tell `GradScaler` whether the step unscales gradients itself, which saves a device wait.

    Only where every group is fused: other implementations would take the scaled gradients. New
    groups then start fused too, by the defaults.
    """
    fused = all(group.get("fused", False) for group in optimizer.param_groups)
    if chosen and fused:
        optimizer.defaults["fused"] = True
        optimizer._step_supports_amp_scaling = True  # pyright: ignore
    elif not fused and getattr(optimizer, "_step_supports_amp_scaling", False):
        optimizer._step_supports_amp_scaling = False  # pyright: ignore


def prepare(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
    """Before each step: what the fused kernels take for granted."""
    for group in optimizer.param_groups:
        if group["fused"]:
            for p in group["params"]:
                grad = p.grad
                if grad is not None and grad.stride() != p.stride():
                    p.grad = torch.empty_like(p).copy_(grad).detach_()
            if group.get("momentum"):
                _fill_momentum(optimizer, group["params"])


def _fill_momentum(optimizer: torch.optim.Optimizer, params: list[nn.Parameter]) -> None:
    """Give parameters that get their first gradient late a zero buffer.

    Fused SGD starts all buffers at once or none, and fails in between. Without dampening, a zero
    buffer gives the same first step: 0 * momentum + gradient.
    """
    stepping = [p for p in params if p.grad is not None]
    late = [p for p in stepping if optimizer.state[p].get("momentum_buffer") is None]
    if len(late) < len(stepping):
        for p in late:
            optimizer.state[p]["momentum_buffer"] = torch.zeros_like(p)
