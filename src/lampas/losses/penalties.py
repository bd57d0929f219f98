"""Penalties: what is added to the loss for the weights themselves, and reported beside it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from lampas.errors import InputError
from lampas.optim.patterns import matches, require_matches

Penalty = Callable[[nn.Module], Tensor]
"""A function of the model that returns a 0-d tensor, to be added to the loss."""


def _weights(model: nn.Module, match: str, name: str) -> list[nn.Parameter]:
    """The trainable parameters that a penalty is for."""
    trainable = {path: p for path, p in model.named_parameters() if p.requires_grad}
    if match == "*":
        found = [p for p in trainable.values() if p.ndim >= 2]
    else:
        found = [p for path, p in trainable.items() if matches(path, match)]
        require_matches(trainable, [match], f"penalty {name}")
    if not found:
        raise InputError(
            f"penalty {name}: the model has no trainable weight of 2 dimensions or more"
        )
    return found


def _checked_strength(strength: float, name: str) -> float:
    if not strength >= 0:
        raise InputError(f"the strength of {name} is {strength!r}: it must be 0 or more")
    return float(strength)


class L1:
    """The lasso: `strength * sum(|w|)` (Tibshirani 1996), which drives weights to zero.

    `match`: which parameters, by their names, with the shell's wildcards. The default "*" takes
    the weights: trainable parameters of 2 dimensions or more, so no bias and no norm. A pattern
    of your own takes exactly the trainable parameters that it fits, whatever their shape:
    "*.weight", "*.bn*.weight"; the name of a module takes all in it. In a wrapped module the
    names start with "net.".

    Called with the model, returns a 0-d tensor. Raises `InputError` for a negative strength,
    and, when called, where no parameter fits.

    >>> net = nn.Linear(2, 1)
    >>> _ = nn.init.constant_(net.weight, -3.0)
    >>> L1(0.1)(net).item()
    0.6...
    """

    name = "l1"

    def __init__(self, strength: float, match: str = "*") -> None:
        self.strength = _checked_strength(strength, "L1")
        self.match = match

    def __call__(self, model: nn.Module) -> Tensor:
        """`strength * sum(|w|)` over the parameters that fit."""
        sums = [weight.abs().sum() for weight in _weights(model, self.match, "L1")]
        return self.strength * torch.stack(sums).sum()

    def __repr__(self) -> str:
        return f"L1({self.strength}, match={self.match!r})"


class L2:
    """The ridge: `strength * sum(w^2)` (Hoerl and Kennard 1970), which keeps weights small.

    Its gradient is `2 * strength * w`: with plain SGD that is `weight_decay=2 * strength`. With
    Adam it is not the decoupled decay of AdamW.

    `match`: which parameters, by their names; "*" takes the weights: see `L1`.

    Called with the model, returns a 0-d tensor. Raises `InputError` for a negative strength,
    and, when called, where no parameter fits.

    >>> net = nn.Linear(2, 1)
    >>> _ = nn.init.constant_(net.weight, -3.0)
    >>> L2(0.5)(net).item()
    9.0
    """

    name = "l2"

    def __init__(self, strength: float, match: str = "*") -> None:
        self.strength = _checked_strength(strength, "L2")
        self.match = match

    def __call__(self, model: nn.Module) -> Tensor:
        """`strength * sum(w^2)` over the parameters that fit."""
        sums = [weight.square().sum() for weight in _weights(model, self.match, "L2")]
        return self.strength * torch.stack(sums).sum()

    def __repr__(self) -> str:
        return f"L2({self.strength}, match={self.match!r})"


def resolve_penalties(
    spec: Mapping[str, Penalty] | Sequence[Penalty] | Penalty | None,
) -> dict[str, Penalty]:
    """The penalties by the names that they have in the history.

    A dict names them itself. Otherwise the name is that of the function, "l1" and "l2" for ours
    and "penalty" for one that has none; a second one of a name becomes "l1_2", and so on.

    Raises `InputError` for what is no function, for a class in the place of an object (`L2`
    for `L2(1e-4)`), and for the name "loss", which the loss itself has.

    >>> resolve_penalties([L1(1e-3), L2(1e-4), L2(1.0, match="*.bias")])
    {'l1': L1(0.001, match='*'), 'l2': L2(0.0001, match='*'), 'l2_2': L2(1.0, match='*.bias')}
    """
    if spec is None:
        return {}
    if isinstance(spec, Mapping):
        named = dict(cast(Mapping[str, Penalty], spec))
    else:
        listed = cast(Sequence[Any], spec) if isinstance(spec, (list, tuple)) else [spec]
        named = {}
        for penalty in listed:
            named[_free(_name(_checked(penalty)), named)] = penalty
    for name, penalty in named.items():
        _checked(penalty)
        if name == "loss":
            raise InputError(
                "a penalty is named 'loss', as the loss itself is: give it another name"
            )
    return named


def _checked(penalty: Any) -> Penalty:
    if isinstance(penalty, type):
        name = penalty.__name__
        raise InputError(f"a penalty is the class {name}, not an object: write {name}(1e-4)")
    if not callable(penalty):
        raise InputError(
            f"a penalty is a {type(penalty).__name__}: pass a function of the model that returns "
            "a 0-d tensor, such as lampas.losses.L2(1e-4)"
        )
    return cast(Penalty, penalty)


def _name(penalty: Any) -> str:
    name = getattr(penalty, "name", None) or getattr(penalty, "__name__", "penalty")
    return name if isinstance(name, str) and name.isidentifier() else "penalty"


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
