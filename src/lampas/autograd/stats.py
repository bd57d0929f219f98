"""Numbers about a tensor, computed where it lies, without waiting for the device."""

import torch
from torch import Tensor

COLUMNS = ("mean", "std", "min", "max", "zeros", "nan", "inf")


def statistics(tensor: Tensor) -> Tensor:
    """(7,) float64, or float32 where the device has nothing longer: see `COLUMNS`.

    Mean, std (over n), min and max are of the finite elements, nan if there are none; zeros is
    the share of all elements; nan and inf are counts. Integers and booleans count as numbers,
    complex ones by their magnitude. No gradient is recorded, nothing is read by the host.

    >>> statistics(torch.tensor([0.0, 1.0, 2.0, float("nan")])).tolist()
    [1.0, 0.816..., 0.0, 2.0, 0.25, 1.0, 0.0]
    """
    with torch.no_grad():
        values = _numbers(tensor.detach())
        if values.numel() == 0:
            return values.new_full((7,), float("nan"), dtype=_longest(values))
        finite = values.isfinite()
        count = finite.sum()
        kept = values.where(finite, 0.0)
        mean = kept.sum() / count
        spread = (kept - mean).where(finite, 0.0).square().sum() / count
        infinite = float("inf")
        found = (
            mean,
            spread.sqrt(),
            _or_nan(values.where(finite, infinite).min(), count),
            _or_nan(values.where(finite, -infinite).max(), count),
            (values == 0).sum() / values.numel(),
            values.isnan().sum(),
            values.isinf().sum(),
        )
        return torch.stack([one.to(_longest(values)) for one in found])


def _or_nan(value: Tensor, count: Tensor) -> Tensor:
    return value.where(count > 0, float("nan"))


def _numbers(tensor: Tensor) -> Tensor:
    """Flat, in float32 or longer: half precision cannot sum many numbers. Doubles are left to
    tensors that are long themselves, for many devices are slow with them."""
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_complex():
        tensor = tensor.abs()
    short = tensor.dtype.itemsize < 4 or tensor.dtype is torch.float32
    kind = torch.float32 if short else _longest(tensor)
    return tensor.to(kind).flatten()


def _longest(tensor: Tensor) -> torch.dtype:
    return torch.float32 if tensor.device.type == "mps" else torch.float64


class Numbers:
    """Rows of statistics, left on their devices, and joined by the hundred: a tensor of seven
    numbers takes ten times their memory.

    >>> rows = Numbers()
    >>> rows.append(torch.zeros(7))
    >>> rows.read() == rows.read(last=1) == [[0.0] * 7]
    True
    """

    def __init__(self) -> None:
        self._blocks: list[Tensor] = []
        self._rows: list[Tensor] = []

    def append(self, row: Tensor) -> None:
        """One more row (7,); does not wait for the device."""
        if self._rows and (len(self._rows) == 128 or row.device != self._rows[0].device):
            self._blocks.append(torch.stack(self._rows))
            self._rows = []
        self._rows.append(row)

    def read(self, last: int | None = None) -> list[list[float]]:
        """The `last` rows, or all: here the host waits for the device."""
        if last is not None and last <= len(self._rows):
            return torch.stack(self._rows[-last:]).tolist()
        blocks = [*self._blocks, *([torch.stack(self._rows)] if self._rows else [])]
        rows = [row for block in blocks for row in block.tolist()]
        return rows if last is None else rows[-last:]
