"""A model's graph as TensorBoard draws it: traced without a trace left in the model."""

import contextlib
import io
import warnings
from collections.abc import Generator, Mapping
from typing import Any, cast

import torch
from torch import nn

from lampas.errors import InputError
from lampas.modes import restore_modes, training_modes


class _ByName(nn.Module):
    """A net that takes its inputs in order: tracing knows no keyword arguments."""

    def __init__(self, net: nn.Module, args: int, names: list[str]) -> None:
        super().__init__()
        self.net = net
        self.args = args
        self.names = names

    def forward(self, *inputs: Any) -> Any:
        named = dict(zip(self.names, inputs[self.args :], strict=True))
        return self.net(*inputs[: self.args], **named)


def traced(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """TensorBoard's graph of `model` on these inputs, as torch makes it: (GraphDef, RunMetadata).

    The model runs in evaluation mode, without gradients, on random numbers that are given back.
    Raises `InputError`, with torch's reason in one line, for a model that cannot be traced.
    """
    from torch.utils.tensorboard._pytorch_graph import graph

    net, inputs = model, args
    if kwargs:
        net, inputs = _ByName(model, len(args), list(kwargs)), (*args, *kwargs.values())
    with _untouched(model), contextlib.redirect_stdout(io.StringIO()):  # torch prints its errors
        try:
            return graph(net, inputs, use_strict_trace=False)
        except Exception as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            reason = lines[0] if lines else type(error).__name__
            raise InputError(f"{type(model).__name__} cannot be traced: {reason}") from error


def as_arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments of `forward`: a tuple is several, a dict goes by name.

    >>> as_arguments(1), as_arguments((1, 2)), as_arguments({"a": 1})
    (((1,), {}), ((1, 2), {}), ((), {'a': 1}))
    """
    if isinstance(inputs, Mapping):
        return (), dict(cast("Mapping[str, Any]", inputs))
    return (tuple(cast("tuple[Any, ...]", inputs)) if isinstance(inputs, tuple) else (inputs,)), {}


@contextlib.contextmanager
def _untouched(model: nn.Module) -> Generator[None]:
    """Modes, buffers and random numbers are inside what they please, and after what they were."""
    modes = training_modes(model)
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    try:
        with torch.random.fork_rng(), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd to trace is no fault of the training
            yield
    finally:
        restore_modes(modes)
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
