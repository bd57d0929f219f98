"""A batch as tensors, and the form that a graph is made for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from lampas.data.batch import Batch
from lampas.data.nest import leaves, rebuild


def tensors_of(batch: Batch) -> list[Tensor]:
    """Inputs, targets and weights, from left to right."""
    parts = leaves((batch.x, batch.y, batch.weight))
    return [part for part in parts if isinstance(part, Tensor)]


def filled(batch: Batch, tensors: Sequence[Tensor]) -> Batch:
    """The batch with others in the places of `tensors_of`.

    >>> import torch
    >>> batch = Batch({"a": torch.zeros(2), "b": "kept"}, torch.zeros(2), None, 2)
    >>> filled(batch, [torch.ones(2), torch.ones(2)]).x
    {'a': tensor([1., 1.]), 'b': 'kept'}
    """
    supply = iter(tensors)
    parts = (batch.x, batch.y, batch.weight)
    values = [next(supply) if isinstance(one, Tensor) else one for one in leaves(parts)]
    x, y, weight = rebuild(parts, values)
    return replace(batch, x=x, y=y, weight=weight)


def form_of(batch: Batch) -> Any:
    """What a graph is made for: two batches of one form are run by one graph."""
    x, y = batch.x, batch.y
    flags = (batch.opens, batch.closes)
    if batch.weight is None and isinstance(x, Tensor) and isinstance(y, Tensor):
        return x.shape, x.stride(), x.dtype, y.shape, y.stride(), y.dtype, flags
    parts = leaves((x, y, batch.weight))
    return tuple(_form(part) for part in parts), _structure(x), flags


def _form(part: Any) -> Any:
    if isinstance(part, Tensor):
        return part.shape, part.stride(), part.dtype
    return part


def _structure(x: Any) -> Any:
    return tuple(x) if isinstance(x, dict) else type(x)
