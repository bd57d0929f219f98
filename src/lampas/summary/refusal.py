"""Why a layer refuses what reaches it, in one line; and the tree up to it."""

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedFakeTensorException,
    UnsupportedOperatorException,
)

from lampas.summary.shapes import text_of
from lampas.summary.show import aligned, indented

_NEEDS_VALUES = (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedFakeTensorException,
    UnsupportedOperatorException,
)
_TORCH = str(Path(torch.__file__).parent)
_HERE = str(Path(__file__).parent)


class RealWriteError(Exception):
    """A `forward` was about to change a real tensor, which is none of the copy's."""


def explain(error: Exception, path: str, module: nn.Module | None, args: tuple[Any, ...]) -> str:
    """One line: the innermost layer under way (None: nothing was), what it got, what it takes."""
    kind = type(module).__name__ if module is not None else "net"
    where = f"layer {path!r} ({kind})" if path else f"the net ({kind})"
    if isinstance(error, _NEEDS_VALUES):
        needs = getattr(error, "func", None) or first_line(error)
        return (
            f"{where} has no output shape without values ({needs} has to see them): call "
            "summary() without shapes for the layers alone"
        )
    if isinstance(error, RealWriteError) or "convert all Tensors to FakeTensors" in str(error):
        return (
            f"{where} computes with a tensor that is no part of it, such as a global: make it a "
            "buffer (register_buffer)"
        )
    got = ", ".join(_described(arg) for arg in args) or "no input"
    own = _takes(module) + _parameter(module)
    return f"{where} got {got}{own}: {first_line(error)}{_place(error, module)}"


def tree_up_to(net: nn.Module, path: str, outputs: Mapping[str, Any]) -> str:
    """The layers of `net` as far as the one at `path`, which is marked, with those outputs that
    are known; a batch of two samples went in where shapes were given."""
    cells = [("layer", "type", "output")]
    for name, module in net.named_modules():
        output = outputs.get(name, "")
        shown = "here" if name == path else text_of(output) if output != "" else ""
        cells.append((indented(name), type(module).__name__, shown))
        if name == path:
            break
    return aligned([list(column) for column in zip(*cells, strict=True)])


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


def _parameter(module: nn.Module | None) -> str:
    """The shape of the first of a layer's own parameters: what the input disagrees with."""
    own = None if module is None else next(module.named_parameters(recurse=False), None)
    return "" if own is None else f"; its {own[0]} is {tuple(own[1].shape)}"


def first_line(error: Exception) -> str:
    """The first line of an error, or its class where it says nothing."""
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
        if not frame.filename.startswith(_HERE) and not frame.filename.startswith(_TORCH)
    ]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
