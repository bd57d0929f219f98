"""A net's forward pass on fake tensors: shapes without numbers, and no trace of it in the net.

The pass runs on a copy whose parameters and buffers are fake tensors: they know shape, dtype and
device, and have no memory. So neither the net nor its training flags nor its hooks are touched.
"""

import copy
import logging
import random
import sys
import traceback
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeCopyMode,
    FakeTensor,
    FakeTensorMode,
    UnsupportedFakeTensorException,
    UnsupportedOperatorException,
)
from torch.utils._python_dispatch import TorchDispatchMode

from lampas.errors import InputError
from lampas.inputspec import Inputs

_NEEDS_VALUES = (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedFakeTensorException,
    UnsupportedOperatorException,
)
_CAUSAL: dict[type[nn.Module], tuple[str, int]] = {
    nn.TransformerEncoder: ("is_causal", 3),
    nn.TransformerDecoder: ("tgt_is_causal", 6),
}
_LOGGER = logging.getLogger("torch._subclasses.fake_tensor")
_TORCH = str(Path(torch.__file__).parent)


class _RealWriteError(Exception):
    """A `forward` was about to change a real tensor, which is none of the copy's."""


class _NoRealWrites(TorchDispatchMode):
    """Fake mode lets operations on nothing but real tensors through: so a layer that `forward`
    reaches from outside the net, as through a lambda, would update its buffers."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        schema = func._schema
        if schema.is_mutable:
            for place, wanted in enumerate(schema.arguments):
                given = args[place] if place < len(args) else kwargs.get(wanted.name)
                writes = wanted.alias_info is not None and wanted.alias_info.is_write
                if writes and isinstance(given, Tensor) and not isinstance(given, FakeTensor):
                    raise _RealWriteError
        return func(*args, **kwargs)


@dataclass(slots=True)
class _Trace:
    """What the hooks saw: finished calls, and those under way, the innermost last."""

    done: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    open: list[tuple[str, nn.Module, Any]] = field(default_factory=list[tuple[str, nn.Module, Any]])


def output_shapes(net: nn.Module, inputs: Inputs) -> dict[str, list[Any]]:
    """For each submodule by its path ("" is the net), the outputs' shapes of each of its calls.

    A tensor becomes a `torch.Size`; tuples, lists and dicts keep their form; other values become
    their type's name. The pass runs in evaluation mode, with gradients on, and without the fused
    fast path of transformer layers, which would hide the layers inside.

    Raises `InputError` in one line: for a layer that refuses what reaches it (path, class,
    shapes, what it takes), for one that needs the values themselves, and for a net that cannot
    be copied.
    """
    mode = FakeTensorMode()
    with _quiet(), _same_random_state():
        fake = _fake_copy(net, mode)
        trace = _watch(fake)
        try:
            with mode, _NoRealWrites(), torch.enable_grad(), _no_fast_path():
                args, kwargs = _fake((inputs.args, dict(inputs.kwargs)), _home(net))
                fake(*args, **kwargs)
        except Exception as error:
            raise InputError(_explain(error, trace)) from error
    return trace.done


def _fake_copy(net: nn.Module, mode: FakeTensorMode) -> nn.Module:
    try:
        with FakeCopyMode(mode):
            return copy.deepcopy(net).eval()
    except Exception as error:
        raise InputError(
            f"output shapes need a copy of the net, and {type(net).__name__} cannot be copied "
            f"({_first_line(error)}): call summary() without shapes for the layers alone"
        ) from error


def _watch(net: nn.Module) -> _Trace:
    trace = _Trace()
    for path, module in net.named_modules():

        def before(
            module: nn.Module, args: Any, kwargs: dict[str, Any], path: str = path
        ) -> tuple[Any, dict[str, Any]]:
            trace.open.append((path, module, (*args, *kwargs.values())))
            return args, _undecided(module, args, kwargs)

        def after(module: nn.Module, args: Any, output: Any, path: str = path) -> None:
            trace.open.pop()
            trace.done.setdefault(path, []).append(shapes_in(output))

        module.register_forward_pre_hook(before, with_kwargs=True)
        module.register_forward_hook(after)
    return trace


def _undecided(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Spares torch's transformers a look into the mask's values for whether it is causal: that
    chooses a kernel, and no shape depends on it."""
    name, place = _CAUSAL.get(type(module), ("", 0))
    if not name or len(args) > place or kwargs.get(name) is not None:
        return kwargs
    return {**kwargs, name: False}


def shapes_in(value: Any) -> Any:
    """`value` with each tensor replaced by its shape, and other leaves by their type's name.

    >>> shapes_in((torch.ones(2, 3), {"n": 3, "rest": None}))
    (torch.Size([2, 3]), {'n': 'int', 'rest': None})
    """
    if isinstance(value, Tensor):
        return torch.Size(value.shape)
    if isinstance(value, Mapping):
        items = cast(Mapping[Any, Any], value).items()
        return {str(key): shapes_in(item) for key, item in items}
    if isinstance(value, tuple | list):
        shapes = [shapes_in(item) for item in cast(list[Any], value)]
        return shapes if isinstance(value, list) else tuple(shapes)
    return None if value is None else type(value).__name__


def _fake(value: Any, home: torch.device) -> Any:
    """New fake tensors in the place of tensors; called under the fake mode."""
    if isinstance(value, Tensor):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=home)
    if isinstance(value, dict):
        items = cast(dict[Any, Any], value).items()
        return {key: _fake(item, home) for key, item in items}
    if type(value) in (tuple, list):
        return type(value)(_fake(item, home) for item in value)
    return value


def _home(net: nn.Module) -> torch.device:
    tensors = (*net.parameters(), *net.buffers())
    return tensors[0].device if tensors else torch.device("cpu")


@contextmanager
def _quiet() -> Generator[None]:
    """Fake tensors log each failure with its traceback; we say it in one line."""
    before = _LOGGER.disabled
    _LOGGER.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        _LOGGER.disabled = before


@contextmanager
def _same_random_state() -> Generator[None]:
    """A `forward` may draw numbers, or seed, on its own."""
    numpy = sys.modules.get("numpy")
    python, torchs = random.getstate(), torch.get_rng_state()
    arrays = numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        random.setstate(python)
        torch.set_rng_state(torchs)
        if numpy:
            numpy.random.set_state(arrays)


@contextmanager
def _no_fast_path() -> Generator[None]:
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _explain(error: Exception, trace: _Trace) -> str:
    path, module, args = trace.open[-1] if trace.open else ("", None, ())
    kind = type(module).__name__ if module is not None else "net"
    where = f"layer {path!r} ({kind})" if path else f"the net ({kind})"
    if isinstance(error, _NEEDS_VALUES):
        needs = getattr(error, "func", None) or _first_line(error)
        return (
            f"{where} has no output shape without values ({needs} has to see them): call "
            "summary() without shapes for the layers alone"
        )
    if isinstance(error, _RealWriteError) or "convert all Tensors to FakeTensors" in str(error):
        return (
            f"{where} computes with a tensor that is no part of it, such as a global: make it a "
            "buffer (register_buffer)"
        )
    got = ", ".join(_described(arg) for arg in args) or "no input"
    takes = _takes(module)
    return f"{where} got {got}{takes}: {_first_line(error)}{_place(error, module)}"


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    return type(value).__name__


def _takes(module: nn.Module | None) -> str:
    """What well-known layers take, "" for others; a star stands for any sizes."""
    if isinstance(module, nn.Linear):
        return f" and takes (*, {module.in_features})"
    if isinstance(module, nn.modules.conv._ConvNd):  # pyright: ignore[reportPrivateUsage]
        sizes = ", ".join("DHW"[-len(module.kernel_size) :])
        return f" and takes (*, {module.in_channels}, {sizes})"
    if isinstance(module, nn.modules.batchnorm._BatchNorm):  # pyright: ignore[reportPrivateUsage]
        return f" and takes (N, {module.num_features}, *)"
    if isinstance(module, nn.LayerNorm):
        return f" and takes (*, {', '.join(map(str, module.normalized_shape))})"
    if isinstance(module, nn.RNNBase):
        return f" and takes (*, {module.input_size})"
    if isinstance(module, nn.Embedding):
        return " and takes integers (input_dtype=torch.long)"
    return ""


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _place(error: Exception, module: nn.Module | None) -> str:
    """Where in the user's own `forward` it happened; nothing for torch's layers."""
    if module is None or type(module).__module__.startswith("torch."):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame
        for frame in frames
        if frame.filename != __file__ and not frame.filename.startswith(_TORCH)
    ]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
