"""What an optimizer keeps for a parameter, found by a step on a throw-away one."""

import math
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from lampas.errors import ArtifactError

State = Mapping[str, Any]

# How a step is computed and not what: the choice of this machine and this program.
OWN = ("fused", "foreach", "capturable", "differentiable", "decoupled_weight_decay")


def probed(optimizer: torch.optim.Optimizer, p: Tensor, options: State) -> State:
    """What an optimizer of this kind with these options keeps for a parameter like `p`, after one
    step; nothing where it is not torch's own, or takes no step without more.

    Raises `ArtifactError` for options that its constructor refuses.
    """
    make: Any = type(optimizer)
    if make.__module__.partition(".")[0] != "torch":
        return {}
    probe = nn.Parameter(torch.zeros((2,) * p.ndim))
    probe.grad = torch.zeros_like(probe)
    given = {name: options[name] for name in optimizer.defaults if name in options}
    given = {name: value for name, value in given.items() if name not in OWN}
    try:
        trial = make([probe], **given)
    except ValueError as error:
        raise ArtifactError(f"the saved optimizer cannot be: {error}") from error
    except TypeError:  # its options are not those of its constructor
        return {}
    try:
        trial.step()
    except (ArithmeticError, ValueError) as error:
        raise ArtifactError(f"the saved optimizer takes no step: {error}") from error
    except (RuntimeError, TypeError):  # it wants a closure, or sparse gradients
        return {}
    return trial.state[probe]


def is_sound(saved: Any, probe: Any, p: Tensor) -> bool:
    """Whether `saved` can stand where a step on a small parameter left `probe`."""
    if not isinstance(probe, Tensor):
        return alike(saved, probe)
    if not isinstance(saved, Tensor) or saved.is_floating_point() != probe.is_floating_point():
        return False
    if probe.ndim == p.ndim and p.ndim:
        return saved.shape == p.shape
    # A count of steps, which torch divides by: it is looked at on the CPU.
    return saved.numel() == 1 and (p.ndim == 0 or 0 <= float(saved) < math.inf)


def alike(saved: Any, own: Any) -> bool:
    """Whether an option is of the kind that another is; a text may stand for None.

    >>> alike(0.1, 1), alike((0.9, 0.99), (0.5, 0.9)), alike("0.1", 0.1), alike(None, 0.1)
    (True, True, False, False)
    """
    return _kind(saved) == _kind(own) or {_kind(saved), _kind(own)} == {"None", "text"}


def _kind(value: Any) -> Any:
    if value is None:
        return "None"
    if isinstance(value, bool | str):
        return "text" if isinstance(value, str) else "bool"
    if isinstance(value, list | tuple):
        return tuple(_kind(one) for one in cast(list[Any], value))
    if isinstance(value, int | float) or (isinstance(value, Tensor) and value.numel() == 1):
        return "number"
    return type(value).__name__


def shown(value: Any) -> str:
    """A value in few words."""
    if isinstance(value, Tensor):
        return f"a {value.dtype} of shape {tuple(value.shape)}"
    return f"{value!r:.60}"


def is_group(value: Any) -> bool:
    """Whether it can be a group of an optimizer's `state_dict`."""
    group = cast(dict[Any, Any], value)
    if not isinstance(value, Mapping) or not isinstance(group.get("params"), list):
        return False
    return all(type(number) is int for number in group["params"])


def is_entry(item: tuple[Any, Any]) -> bool:
    """Whether it can be what such a dict has of one parameter."""
    return type(item[0]) is int and isinstance(item[1], Mapping)
