"""Maxima over windows of images as maxima of strided views.

The gradient of a maximum goes to the first element of its window that is the largest. torch's
inductor adds it there, one element after the other, into zeros: that is a fifth of a step of a
small convolutional net. Here each element asks the windows that it is in whether it is that one,
which is one loop over contiguous memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_PLACES = 9  # of a window: each is read for each maximum, and the code is that much longer


@dataclass(frozen=True, slots=True)
class _Axis:
    """Windows along one axis of `length`: how large they are, how far apart, how many elements are
    put before the first, and how many windows there are."""

    length: int
    size: int
    step: int
    padding: int

    @property
    def count(self) -> int:
        return (self.length + 2 * self.padding - self.size) // self.step + 1

    @property
    def after(self) -> int:
        """Elements behind the last that windows reach to; fewer than none where they reach less
        far than the axis."""
        return (self.count - 1) * self.step + self.size - self.length - self.padding

    @property
    def blocks(self) -> int:
        """Spans of one step each, from where the first window begins to the end of the axis."""
        return -(-(self.length + self.padding) // self.step)

    def places(self, place: int) -> slice:
        """The elements at this place of all windows."""
        return slice(place, place + (self.count - 1) * self.step + 1, self.step)


Axes = tuple[_Axis, _Axis]


def forward(
    x: Tensor, kernel_size: Sequence[int], stride: Sequence[int] = (),
    padding: Sequence[int] = (0,), dilation: Sequence[int] = (1,), ceil_mode: bool = False,
) -> Any:  # fmt: skip
    """`aten.max_pool2d_with_indices`: x (N, C, H, W) → the maxima, and their places in H x W.

    Of a window with nan the maximum is nan, and its place the last of the window.
    """
    axes = _axes(x, kernel_size, stride, padding, dilation, ceil_mode)
    if axes is None:
        return NotImplemented
    parts = _parts(x, axes)
    largest = _largest(parts)
    numbers = torch.arange(x.shape[2] * x.shape[3]).view(1, 1, *x.shape[2:])
    places = _first(parts, largest, [part[0] for part in _parts(numbers, axes, fill=0)])
    return largest.permute(0, 3, 1, 2), places.permute(0, 3, 1, 2)


def backward(
    gradient: Tensor, x: Tensor, kernel_size: Sequence[int], stride: Sequence[int],
    padding: Sequence[int], dilation: Sequence[int], ceil_mode: bool, indices: Tensor,
) -> Any:  # fmt: skip
    """`aten.max_pool2d_with_indices_backward`: the gradient of x. The indices are not read."""
    axes = _axes(x, kernel_size, stride, padding, dilation, ceil_mode)
    if axes is None:
        return NotImplemented
    rows, columns = axes
    parts = _parts(x, axes)
    # Floats, as the images are: as many are compared at a time.
    first = _first(parts, _largest(parts), [float(place) for place in range(len(parts))])
    given, total = gradient.permute(0, 2, 3, 1), None
    for back in range(-(-rows.size // rows.step)):
        for left in range(-(-columns.size // columns.step)):
            here = _places_in_block(axes, back, left)
            is_first = _spread(first, axes, back, left, -1.0) == here
            share = torch.where(is_first, _spread(given, axes, back, left, 0.0), 0.0)
            total = share if total is None else total + share
    assert total is not None
    whole = total.reshape(len(x), rows.blocks * rows.step, columns.blocks * columns.step, -1)
    above, before = rows.padding, columns.padding
    inner = whole[:, above : above + rows.length, before : before + columns.length]
    return inner.permute(0, 3, 1, 2)


def _axes(
    x: Tensor, kernel_size: Sequence[int], stride: Sequence[int], padding: Sequence[int],
    dilation: Sequence[int], ceil_mode: bool,
) -> Axes | None:  # fmt: skip
    """Rows and columns; None where it stays as it is, or where channels do not lie side by side in
    memory, which is what makes it fast."""
    sizes, around = _pair(kernel_size), _pair(padding)
    if x.ndim != 4 or ceil_mode or set(dilation) != {1}:
        return None
    if not 1 < sizes[0] * sizes[1] <= _PLACES:
        return None
    is_last = x.shape[1] > 1 and x.is_contiguous(memory_format=torch.channels_last)
    if x.device.type != "cpu" or not x.is_floating_point() or not is_last:
        return None
    steps = _pair(stride or kernel_size)
    rows, columns = map(_Axis, x.shape[2:], sizes, steps, around)
    return rows, columns


def _pair(numbers: Sequence[int]) -> tuple[int, int]:
    return numbers[0], numbers[-1]


def _parts(x: Tensor, axes: Axes, fill: float = -torch.inf) -> list[Tensor]:
    """For each place of a window, the elements there of all windows: (N, rows, columns, C)."""
    rows, columns = axes
    around = (0, 0, columns.padding, columns.after, rows.padding, rows.after)
    image = _padded(x.permute(0, 2, 3, 1), around, fill)
    return [image[:, rows.places(i), columns.places(j)]
            for i in range(rows.size) for j in range(columns.size)]  # fmt: skip


def _largest(parts: list[Tensor]) -> Tensor:
    largest = parts[0]
    for part in parts[1:]:
        largest = torch.maximum(largest, part)
    return largest


def _first(parts: list[Tensor], largest: Tensor, values: Sequence[Any]) -> Tensor:
    """The value that goes with the first part that is the largest."""
    found = values[-1]
    for part, value in zip(parts[-2::-1], values[-2::-1], strict=True):
        found = torch.where(part == largest, value, found)
    return found


def _spread(windows: Tensor, axes: Axes, back: int, left: int, fill: float) -> Tensor:
    """For each block, what belongs to the window that begins so many blocks before it: (N, rows, 1,
    columns, 1, C)."""
    rows, columns = axes
    around = (
        0, 0, left, columns.blocks - columns.count - left, back, rows.blocks - rows.count - back,
    )  # fmt: skip
    return _padded(windows, around, fill)[:, :, None, :, None]


def _padded(tensor: Tensor, around: tuple[int, ...], fill: float) -> Tensor:
    """Fewer than none cuts off."""
    return torch.constant_pad_nd(tensor, around, fill) if any(around) else tensor


def _places_in_block(axes: Axes, back: int, left: int) -> Tensor:
    """Which place of that window each element of a block is, (rows, 1, columns, 1); -2 for none."""
    rows, columns = axes
    down = torch.arange(rows.step)[:, None] + back * rows.step
    right = torch.arange(columns.step) + left * columns.step
    here = down * columns.size + right
    if (back + 1) * rows.step > rows.size or (left + 1) * columns.step > columns.size:
        here = torch.where((down < rows.size) & (right < columns.size), here, -2)
    here = here.float()
    return here[:, None, :, None]
