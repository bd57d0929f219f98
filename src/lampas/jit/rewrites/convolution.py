"""Convolutions over images whose channels lie side by side in memory ("channels last").

oneDNN computes them faster so, and all that lies between two of them then keeps that order. Left
alone, the graph has the order of the user's images, and inductor turns them around before and after
each convolution: of a step, that is 2 to 40 %. A convolution over one dimension is one over images
of one row: inductor keeps the order of such alone.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_aten = torch.ops.aten


def forward(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Sequence[int], padding: Sequence[int],
    dilation: Sequence[int], transposed: bool, output_padding: Sequence[int], groups: int,
) -> Any:  # fmt: skip
    """`aten.convolution`: x (N, C, L) or (N, C, H, W)."""
    if not _gains(x, weight):
        return NotImplemented
    if x.ndim == 3:
        wide = _aten.convolution.default(
            x.unsqueeze(2), weight.unsqueeze(2), bias, [1, *stride], [0, *padding], [1, *dilation],
            transposed, [0, *output_padding], groups,
        )  # fmt: skip
        return wide.squeeze(2)
    return _aten.convolution.default(
        channels_last(x), channels_last(weight), bias, stride, padding, dilation, transposed,
        output_padding, groups,
    )  # fmt: skip


def backward(
    gradient: Tensor, x: Tensor, weight: Tensor, bias_sizes: Sequence[int] | None,
    stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int], transposed: bool,
    output_padding: Sequence[int], groups: int, output_mask: Sequence[bool],
) -> Any:  # fmt: skip
    """`aten.convolution_backward`: the gradients of x, weight and bias, as far as the mask asks."""
    if not _gains(x, weight, gradient):
        return NotImplemented
    if x.ndim == 3:
        found = _aten.convolution_backward.default(
            gradient.unsqueeze(2), x.unsqueeze(2), weight.unsqueeze(2), bias_sizes, [1, *stride],
            [0, *padding], [1, *dilation], transposed, [0, *output_padding], groups, output_mask,
        )  # fmt: skip
        wide = [one.squeeze(2) if asked else one
                for one, asked in zip(found[:2], output_mask[:2], strict=True)]  # fmt: skip
        return *wide, found[2]
    return _aten.convolution_backward.default(
        channels_last(gradient), channels_last(x), channels_last(weight), bias_sizes, stride,
        padding, dilation, transposed, output_padding, groups, output_mask,
    )  # fmt: skip


def _gains(*tensors: Tensor) -> bool:
    """Whether oneDNN computes it, and it is not in that form yet."""
    x = tensors[0]
    if x.device.type != "cpu" or x.dtype is not torch.float32 or not x.numel():
        return False
    if not torch.backends.mkldnn.is_available() or x.ndim not in (3, 4):
        return False
    return x.ndim == 3 or not all(t.stride() == _strides(t) for t in tensors)


def channels_last(image: Tensor) -> Tensor:
    """(N, C, H, W) with the strides of "channels last", by which oneDNN's form is chosen: also
    where dimensions of length 1 let torch take it for either order.

    >>> channels_last(torch.rand(2, 1, 4, 4)).stride()
    (16, 1, 4, 1)
    """
    strides = _strides(image)
    if image.stride() == strides:
        return image
    if image.is_contiguous(memory_format=torch.channels_last):
        return image.as_strided(image.shape, strides)
    return image.contiguous(memory_format=torch.channels_last)


def _strides(image: Tensor) -> tuple[int, ...]:
    _, channels, height, width = image.shape
    return channels * height * width, 1, channels * width, channels
