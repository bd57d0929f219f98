"""One parameter stepped alone, by the optimizer that has it among others."""

import copy
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from lampas.errors import InputError
from lampas.optim.state import random_states, set_random_states


@contextmanager
def alone(
    optimizer: torch.optim.Optimizer, group: dict[str, Any], parameter: nn.Parameter
) -> Generator[None]:
    """Inside, `optimizer` has this parameter alone, with the options and the state that it has.

    >>> net = nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    >>> with alone(optimizer, optimizer.param_groups[0], net.bias):
    ...     [list(group["params"]) == [net.bias] for group in optimizer.param_groups]
    [True]
    >>> len(optimizer.param_groups[0]["params"])
    2
    """
    groups, parameters = optimizer.param_groups, group["params"]
    optimizer.param_groups, group["params"] = [group], [parameter]
    try:
        yield
    finally:
        optimizer.param_groups, group["params"] = groups, parameters


def require_separable(optimizer: torch.optim.Optimizer) -> None:
    """Raise `InputError` unless parameters that are stepped one by one come out as those stepped at
    once: tried on throw-away ones, to the last bit, with each group's options.

    >>> require_separable(torch.optim.Adam([nn.Parameter(torch.zeros(2))]))
    """
    kind, random = type(optimizer).__name__, random_states([])
    remedy = "leave optimizer_in_backward out, or take an optimizer of torch's"
    try:
        alike = all(_comes_out_alike(optimizer, group) for group in optimizer.param_groups)
    except (ArithmeticError, KeyError, RuntimeError, TypeError, ValueError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"optimizer_in_backward steps parameters one by one, which cannot be tried with {kind} "
            f"({line}): {remedy}"
        ) from error
    finally:
        set_random_states(random)
    if not alike:
        raise InputError(
            f"optimizer_in_backward steps parameters one by one, and {kind} makes other steps "
            f"then: {remedy}"
        )


def _comes_out_alike(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> bool:
    own = ("params", "param_names")
    options = {name: value for name, value in group.items() if name not in own}
    like = group["params"][0] if group["params"] else torch.zeros(())
    together, apart = _Trial(optimizer, options, like), _Trial(optimizer, options, like)
    for _ in range(3):
        together.ask()
        together.made.step()
        apart.ask()
        for parameter in apart.parameters:
            with alone(apart.made, apart.made.param_groups[0], parameter):
                apart.made.step()
    pairs = zip(together.numbers, apart.numbers, strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


class _Trial:
    """Two small matrices and an optimizer like another; `ask` gives them gradients."""

    def __init__(
        self, optimizer: torch.optim.Optimizer, options: Mapping[str, Any], like: Tensor
    ) -> None:
        self._is_sparse = isinstance(optimizer, torch.optim.SparseAdam)
        make = cast("Callable[..., torch.optim.Optimizer]", type(optimizer))
        start = torch.arange(4.0).reshape(2, 2).to(like.device, like.dtype)
        self.parameters = [nn.Parameter(start - 1), nn.Parameter(2 - start / 3)]
        self.made = make([{**copy.deepcopy(dict(options)), "params": self.parameters}])

    def ask(self) -> None:
        for number, parameter in enumerate(self.parameters):
            gradient = parameter.detach().cos() + number
            parameter.grad = gradient.to_sparse(1) if self._is_sparse else gradient

    @property
    def numbers(self) -> list[Tensor]:
        """The parameters, and what the optimizer keeps for each."""
        kept = [value for one in self.parameters for value in self.made.state[one].values()]
        return [*self.parameters, *(torch.as_tensor(value) for value in kept if value is not None)]
