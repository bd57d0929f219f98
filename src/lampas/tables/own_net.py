"""A user's net in the place of the built-in one: given the shapes that its constructor names."""

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from lampas import own_net
from lampas.errors import InputError, ShapeError
from lampas.own_net import NetLike
from lampas.tables.nets import TabularNet
from lampas.tables.schema import TableTask

_INPUTS = ("inputs", "in_features", "n_inputs", "n_features")


@dataclass(frozen=True, slots=True)
class Shapes:
    """What a constructor may ask for by a parameter's name.

    `inputs` (also in_features, n_inputs, n_features): columns of the one float matrix, with
    categories one-hot. `numbers` (n_numbers), `cardinalities`: for a net that embeds. `outputs`
    (out_features, n_outputs): columns of the output. `classes` (n_classes, num_classes): the
    classes, one output each, also where there are two.
    """

    inputs: int
    numbers: int
    cardinalities: list[int]
    outputs: int
    task: TableTask

    def named(self) -> dict[str, Any]:
        """All names and what each of them stands for."""
        given: dict[str, Any] = dict.fromkeys(_INPUTS, self.inputs)
        given |= {"numbers": self.numbers, "n_numbers": self.numbers}
        given |= {"cardinalities": list(self.cardinalities)}
        given |= dict.fromkeys(own_net.OUTPUTS, self.outputs)
        return given | dict.fromkeys(own_net.CLASSES, self.outputs)


def build(net: NetLike | None, shapes: Shapes) -> nn.Module:
    """The net: built-in for None, a module as it is, a class or factory called with the shapes.

    Parameters with a default keep it, unless their name is one of the shapes'. Raises
    `InputError` for a required parameter that is no shape, for the number of classes where the
    task has none, and for a factory that returns something else than a module.

    >>> shapes = Shapes(inputs=5, numbers=3, cardinalities=[2], outputs=1, task="binary")
    >>> build(lambda in_features, outputs: nn.Linear(in_features, outputs), shapes)
    Linear(in_features=5, out_features=1, bias=True)
    """
    if net is None:
        return TabularNet(shapes.numbers, shapes.cardinalities, shapes.outputs)
    return own_net.build(net, shapes.named(), shapes.task, "a table")


def takes_parts(net: nn.Module) -> bool:
    """Whether `forward` has the parameters numbers and categories; else it gets one matrix."""
    names = inspect.signature(net.forward).parameters
    return "numbers" in names and "categories" in names


def check_output(net: nn.Module, inputs: Any, outputs: int) -> None:
    """Run `net` on a few rows of `inputs`, a matrix or a dict of tensors, in eval mode.

    Raises `InputError`, with the net's own error as its cause, when the net cannot read them,
    and `ShapeError` unless it gives (rows, `outputs`).

    >>> check_output(nn.Linear(5, 1), torch.zeros(2, 4), 1)
    Traceback (most recent call last):
    lampas.errors.InputError: Linear.forward failed on a (2, 4) matrix: mat1 and mat2 shapes \
cannot be multiplied (2x4 and 5x1): take in_features in its constructor for the width
    """
    training = net.training
    net.eval()
    try:
        with torch.no_grad():
            given: Any = net(**inputs) if isinstance(inputs, dict) else net(inputs)
    except Exception as error:
        raise InputError(_failure(net, inputs, error)) from error
    finally:
        net.train(training)
    rows = len(inputs["numbers"] if isinstance(inputs, dict) else inputs)
    shape = tuple(given.shape) if isinstance(given, torch.Tensor) else type(given).__name__
    if shape != (rows, outputs):
        raise ShapeError(
            f"{type(net).__name__} returned {shape} for {rows} rows, and these targets need "
            f"{(rows, outputs)}: let its constructor ask for outputs, or for classes"
        )


def _failure(net: nn.Module, inputs: Any, error: Exception) -> str:
    if isinstance(inputs, dict):
        parts: dict[str, torch.Tensor] = inputs
        got = " and ".join(f"{name} {tuple(part.shape)}" for name, part in parts.items())
        fix = "take n_numbers and cardinalities in its constructor for the widths"
    else:
        got = f"a {tuple(inputs.shape)} matrix"
        fix = "take in_features in its constructor for the width"
    line = str(error).strip().partition("\n")[0].rstrip(".: ") or type(error).__name__
    return f"{type(net).__name__}.forward failed on {got}: {line}: {fix}"
