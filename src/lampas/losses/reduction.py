"""The three reductions that every loss here shares with torch's."""

from torch import Tensor

from lampas.errors import unknown_name

REDUCTIONS = ("mean", "sum", "none")
"""What `reduction` may be."""


def checked_reduction(reduction: str) -> str:
    """`reduction` itself; `UnknownNameError` for a string outside `REDUCTIONS`.

    >>> checked_reduction("avg")
    Traceback (most recent call last):
    lampas.errors.UnknownNameError: unknown reduction 'avg'. Valid: mean, none, sum
    """
    if reduction not in REDUCTIONS:
        raise unknown_name("reduction", reduction, REDUCTIONS)
    return reduction


def reduce(each: Tensor, reduction: str, kept: Tensor | None = None) -> Tensor:
    """The values of all elements, any shape, as `reduction` says.

    "none": as they are. "sum": 0-d. "mean": 0-d, over the elements where `kept` (bool, the same
    shape) is true, over all where it is None; nan where none is kept, as in torch. Elements
    that are not kept must be 0 already. Nothing waits for the device.

    >>> import torch
    >>> reduce(torch.tensor([1.0, 0.0, 3.0]), "mean", torch.tensor([True, False, True]))
    tensor(2.)
    """
    if reduction == "none":
        return each
    if reduction == "sum":
        return each.sum()
    return each.mean() if kept is None else each.sum() / kept.sum()
