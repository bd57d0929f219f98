"""Sums that stay on the device and lose no digits that matter."""

import torch
from torch import Tensor


def wide(tensor: Tensor) -> Tensor:
    """`tensor` in the widest floating dtype of its device: float64, float32 on mps.

    >>> wide(torch.ones(2, dtype=torch.bfloat16)).dtype
    torch.float64
    """
    return tensor.to(torch.float32 if tensor.device.type == "mps" else torch.float64)


class RunningSum:
    """A running sum of tensors of one shape, without a look at their values.

    Where float32 is the widest dtype there is, what rounding drops is carried along
    (the error-free sum of two numbers: Knuth, The Art of Computer Programming 2, 4.2.2), so
    that a million small batches add up as exactly as a few.

    >>> total = RunningSum()
    >>> for _ in range(3):
    ...     total.add(torch.tensor([1, 2]))
    >>> total.value()
    tensor([3, 6])
    """

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._rest: Tensor | None = None

    def add(self, part: Tensor) -> None:
        """Add `part`, of the shape and dtype of those before."""
        if self._sum is None:
            self._sum = part
            return
        total = self._sum + part
        if part.dtype == torch.float32:
            back = total - self._sum
            dropped = (self._sum - (total - back)) + (part - back)
            self._rest = dropped if self._rest is None else self._rest + dropped
        self._sum = total

    def value(self) -> Tensor | None:
        """The sum so far, None before the first part."""
        if self._sum is None or self._rest is None:
            return self._sum
        return self._sum + self._rest


class RunningMean:
    """A running mean: the sum of all terms over their count, 0-d.

    >>> mean = RunningMean()
    >>> mean.add(torch.tensor(3.0), 2)
    >>> mean.add(torch.tensor(0.0), 1)
    >>> mean.value()
    tensor(1.)
    """

    def __init__(self) -> None:
        self._sum = RunningSum()
        self._count: Tensor | int = 0

    def add(self, total: Tensor, count: Tensor | int) -> None:
        """Add the sum of some terms, and how many they are."""
        self._sum.add(total)
        self._count = self._count + count

    def value(self) -> Tensor:
        """The mean so far; nan before the first term."""
        total = self._sum.value()
        if total is None:
            return torch.tensor(torch.nan)
        return (total if total.is_floating_point() else wide(total)) / self._count
