"""What is exported: a net as others will call it, inputs to try it on, what else they need."""

import copy
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from lampas.errors import InputError

BATCH = "batch"
Call = tuple[tuple[Tensor, ...], dict[str, Tensor]]
"""Positional and named arguments of one call."""


@dataclass(frozen=True, slots=True)
class Portable:
    """A net in the form in which a file holds it.

    `net`: what is traced. `args`, `kwargs`: its inputs for some rows, to trace and to check it
    with. `names`: of the inputs, in that order. `axes`: {input: {dimension: name}}, the
    dimensions that may have any size beside the first, which is "batch". `outputs`: their names;
    none: "output", or what forward calls them. `weights`: the module whose state dict a file of
    weights holds. `about`: plain values that a reader needs beside the graph. `unit`: what
    differences of the output are measured in, where that is known.
    """

    net: nn.Module
    weights: nn.Module
    args: tuple[Tensor, ...]
    kwargs: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    names: tuple[str, ...] = ()
    axes: Mapping[str, Mapping[int, str]] = field(default_factory=dict[str, Mapping[int, str]])
    outputs: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unit: Tensor | None = None

    def free(self, name: str, tensor: Tensor) -> dict[int, str]:
        """The dimensions of an input that may have any size, by their names."""
        return {**({0: BATCH} if tensor.ndim else {}), **self.axes.get(name, {})}

    def sized(self, sizes: Mapping[str, int]) -> Call:
        """Inputs of these sizes: rows and columns begin again where there are too few."""
        found = zip(self.names, (*self.args, *self.kwargs.values()), strict=True)
        parts = [_tiled(one, self.free(name, one), sizes) for name, one in found]
        count = len(self.args)
        return tuple(parts[:count]), dict(zip(self.kwargs, parts[count:], strict=True))

    def copied(self) -> "Portable":
        """The same around a copy of the net, on the CPU and in evaluation mode: whatever tracing
        does to it, the model stays as it is.

        Raises `InputError` for a net that cannot be copied.
        """
        try:
            net = copy.deepcopy(self.net).cpu().eval().requires_grad_(False)
        except Exception as error:
            line = str(error).strip().partition("\n")[0] or type(error).__name__
            raise InputError(
                f"export traces a copy of the net, and {type(self.net).__name__} cannot be copied: "
                f"{line}; export to .safetensors for its weights alone"
            ) from error
        args = tuple(one.detach().cpu() for one in self.args)
        kwargs = {name: one.detach().cpu() for name, one in self.kwargs.items()}
        return replace(self, net=net, args=args, kwargs=kwargs)


def portable_of(net: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Portable:
    """A net of the user's with the inputs of one batch, under the names that `forward` has.

    Raises `InputError` for inputs that are no tensors.

    >>> portable_of(nn.Linear(2, 1), [torch.ones(3, 2)], {}).names
    ('input',)
    """
    names = (*_positional(net, len(args)), *kwargs)
    for name, one in zip(names, (*args, *kwargs.values()), strict=True):
        if not isinstance(one, Tensor):
            raise InputError(
                f"the input {name} is a {type(one).__name__}: a file's inputs are tensors, each an "
                "argument of forward of its own"
            )
    return Portable(net, net, tuple(args), dict(kwargs), names)


def _positional(net: nn.Module, count: int) -> list[str]:
    """The names of the first `count` parameters of `forward`; those of `*args` are numbered."""
    parameters = inspect.signature(net.forward).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [one.name for one in parameters if one.kind in plain][:count]
    return [*names, *(f"input_{place}" for place in range(len(names), count))]


def _tiled(tensor: Tensor, free: Mapping[int, str], sizes: Mapping[str, int]) -> Tensor:
    for axis, name in free.items():
        places = torch.arange(sizes[name]) % tensor.shape[axis]
        tensor = tensor.index_select(axis, places)
    return tensor.clone()
