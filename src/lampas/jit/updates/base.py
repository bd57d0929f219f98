"""What a compiled step needs to know of an optimizer, and what the rules share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import torch
from torch import Tensor

Group = dict[str, Any]
"""One of `optimizer.param_groups`."""

States = dict[str, Tensor]
"""Of one parameter, by the names that `optimizer.state[p]` has for them."""

Numbers = Sequence[Tensor]
"""A group's hyperparameters as tensors, 0-d in float64: cut apart once a group: once a parameter
would be a tenth of all that is traced."""

Own = Callable[[Group, Numbers, Tensor], tuple[Tensor, ...]]

Step = Callable[[Group, Numbers, Tensor, Tensor, States], tuple[Tensor, States]]


@dataclass(frozen=True)
class Update:
    """One optimizer's rule, in a form that can be traced.

    `numbers`: the hyperparameters that may change from step to step. They are read before each
    step and given to the graph as one float64 tensor, so that a schedule compiles nothing anew.
    `shape`: what decides the form of the graph, such as whether there is weight decay; hashable.
    A group with another shape needs another graph.
    `names`: the state tensors that a step reads and writes, once torch's own step has made them.
    `step`: (group, numbers, p, gradient, states) to (new p, new states). Of the group only its
    shape is looked at. All results are new tensors with the dtypes of what they replace, and
    the new states stand in the order of the old, so that a graph's outputs can be its inputs.
    `own`: (group, numbers, t) to what depends on how many steps each parameter has made: t (P,) in
    float64, with this one; (P,) each. `step` finds its parameter's behind the numbers of the group.
    """

    numbers: Callable[[Group], tuple[float, ...]]
    shape: Callable[[Group], tuple[Any, ...]]
    names: Callable[[Group], tuple[str, ...]]
    step: Step
    own: Own | None = None

    def numbers_of_each(
        self, group: Group, numbers: Numbers, states: Sequence[States]
    ) -> list[Numbers]:
        """What `step` gets as numbers, for each parameter of a group by its states.

        Own numbers are computed for all at once. One by one, torch's compiler would put each into
        the loop over its parameter's elements, and compute it anew for every 16 of them.
        """
        if self.own is None or not states:
            return [numbers for _ in states]
        t = torch.stack([each["step"] for each in states]).double() + 1
        columns = [column.unbind() for column in self.own(group, numbers, t)]
        return [(*numbers, *own) for own in zip(*columns, strict=True)]


def reading(*names: str) -> Callable[[Group], tuple[float, ...]]:
    """A function that reads hyperparameters from a group; pairs such as betas give two numbers.

    >>> reading("lr", "betas")({"lr": 1, "betas": (0.9, 0.99)})
    (1.0, 0.9, 0.99)
    """

    def numbers(group: Group) -> tuple[float, ...]:
        found: list[float] = []
        for name in names:
            value = group[name]
            found.extend(map(float, value if isinstance(value, tuple | list) else (value,)))
        return tuple(found)

    return numbers


def widened(rule: Step) -> Step:
    """`rule`, computed in float32 where tensors are narrower, and rounded once at its end.

    So do torch's fused kernels. Its other loops round after each operation, and so are further
    from the exact result, by a few units in the last place.

    >>> half = torch.ones(1, dtype=torch.bfloat16)
    >>> def rule(group, numbers, p, g, states):
    ...     return p + 0.005 + 0.003, {}  # in bfloat16, 1 + 0.003 is 1
    >>> widened(rule)({}, [], half, half, {})
    (tensor([1.0078], dtype=torch.bfloat16), {})
    """

    @wraps(rule)
    def step(
        group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
    ) -> tuple[Tensor, States]:
        wide = {name: _wide(state) for name, state in states.items()}
        new, after = rule(group, numbers, _wide(p), _wide(g), wide)
        return new.to(p.dtype), {name: after[name].to(s.dtype) for name, s in states.items()}

    return step


def _wide(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def like(value: Tensor, p: Tensor) -> Tensor:
    """A number on the device of `p` and in its dtype.

    The cast is needed: torch would promote a 0-d parameter to float64.

    >>> like(torch.tensor(0.5, dtype=torch.float64), torch.ones(2))
    tensor(0.5000)
    """
    return value.to(p.device, p.dtype)


def penalized(group: Group, p: Tensor, g: Tensor, weight_decay: Tensor) -> Tensor:
    """The gradient to descend along: that of loss + weight_decay / 2 * |p|².

    Where the group maximizes, that of -loss + weight_decay / 2 * |p|²: torch takes the sign first.

    >>> group, wd = {"maximize": True, "weight_decay": 0.1}, torch.tensor(0.1)
    >>> penalized(group, torch.tensor([2.0]), torch.tensor([1.0]), wd)
    tensor([-0.8000])
    """
    if group.get("maximize"):
        g = -g
    return g + like(weight_decay, p) * p if group["weight_decay"] != 0 else g


def usual_shape(group: Group) -> tuple[bool, ...]:
    """That of a rule in which only weight decay and the sign may change the graph."""
    return decays(group), maximizes(group)


def decays(group: Group) -> bool:
    """Whether there is weight decay."""
    return group["weight_decay"] != 0


def maximizes(group: Group) -> bool:
    """Whether the steps go uphill."""
    return bool(group.get("maximize"))
