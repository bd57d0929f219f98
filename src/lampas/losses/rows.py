"""Finding the first row of a batch that a condition holds for."""

from typing import NamedTuple

from torch import Tensor


class Place(NamedTuple):
    """Which rows are looked at, for messages: those of `of`, from row `start` on."""

    of: str = "the batch"
    start: int = 0

    def row(self, number: int) -> str:
        """The row `number` of those looked at, in words."""
        return f"row {self.start + number} of {self.of}"


class Found(NamedTuple):
    """A row of the batch, counted from 0, and the value there, as it is printed."""

    row: int
    value: str


def first(where: Tensor, values: Tensor) -> Found | None:
    """The first place where `where`, a bool tensor, is true, with its value in `values`, of the
    same shape; None where it never is. Waits for the device.

    >>> import torch
    >>> y = torch.tensor([0.0, 2.5, 7.0])
    >>> first(y > 1, y)
    Found(row=1, value='2.5')
    """
    if not bool(where.any()):
        return None
    place = tuple(where.nonzero()[0].tolist())
    value = values[place].item()
    return Found(
        place[0] if place else 0, f"{value:.4g}" if isinstance(value, float) else str(value)
    )
