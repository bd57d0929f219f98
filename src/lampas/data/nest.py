"""Inputs, targets and outputs are a tensor, or tuples and dicts of tensors: walking them."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch

from lampas.errors import ShapeError

Nest = Any
"""A leaf, a tuple or list of nests, or a dict of nests by name."""


def leaves(nest: Nest) -> list[Any]:
    """All leaves from left to right.

    >>> leaves({"a": 1, "b": (2, 3)})
    [1, 2, 3]
    """
    if isinstance(nest, torch.Tensor):  # 1 µs less for each than to ask whether it is a mapping
        return [nest]
    if isinstance(nest, (tuple, list)):  # before mappings, which are an abstract class
        return [leaf for part in cast(list[Any], nest) for leaf in leaves(part)]
    if nest is not None and isinstance(nest, Mapping):
        return [leaf for part in cast(Mapping[str, Any], nest).values() for leaf in leaves(part)]
    return [nest]


def map_leaves(function: Callable[[Any], Any], nest: Nest) -> Nest:
    """The same structure with `function` applied to each leaf: lists become tuples, named tuples
    keep their names."""
    if isinstance(nest, torch.Tensor):
        return function(nest)
    if isinstance(nest, (tuple, list)):
        parts = [map_leaves(function, part) for part in cast(list[Any], nest)]
        return cast(Any, type(nest))(*parts) if hasattr(nest, "_fields") else tuple(parts)
    if nest is not None and isinstance(nest, Mapping):
        parts = cast(Mapping[str, Any], nest)
        return {name: map_leaves(function, part) for name, part in parts.items()}
    return function(nest)


def nbytes(nest: Nest) -> int:
    """Of all tensors among the leaves.

    >>> nbytes({"a": torch.zeros(2), "b": (torch.zeros(3), None)})
    20
    """
    if isinstance(nest, torch.Tensor):
        return nest.nbytes
    return sum(leaf.nbytes for leaf in leaves(nest) if isinstance(leaf, torch.Tensor))


def held_bytes(nest: Nest) -> int:
    """Of the memory that the tensors among the leaves keep: of a view, all that it is a view of.

    >>> held_bytes(torch.zeros(9)[:2])
    36
    """
    if isinstance(nest, torch.Tensor):
        return _held(nest)
    return sum(_held(leaf) for leaf in leaves(nest) if isinstance(leaf, torch.Tensor))


def _held(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().nbytes() if tensor.layout is torch.strided else tensor.nbytes


def named_leaves(nest: Nest, name: str) -> list[tuple[str, Any]]:
    """All leaves with the name under which a message speaks of them.

    >>> named_leaves({"a": 1, "b": (2, 3)}, "x")
    [("x['a']", 1), ("x['b'][0]", 2), ("x['b'][1]", 3)]
    """
    if isinstance(nest, Mapping):
        parts = [(f"{name}[{k!r}]", v) for k, v in cast(Mapping[str, Any], nest).items()]
    elif isinstance(nest, (tuple, list)):
        parts = [(f"{name}[{i}]", v) for i, v in enumerate(cast(list[Any], nest))]
    else:
        return [(name, nest)]
    return [leaf for part_name, part in parts for leaf in named_leaves(part, part_name)]


def rebuild(nest: Nest, values: list[Any]) -> Nest:
    """The structure of `nest` with `values` in the place of its leaves."""
    supply = iter(values)
    return map_leaves(lambda _: next(supply), nest)


def concatenate(nests: list[Nest]) -> Nest:
    """Nests of one structure joined along dimension 0; a single one is returned as it is.

    Raises `ShapeError` for leaves that differ behind dimension 0, or have none.
    """
    if len(nests) == 1:
        return nests[0]
    first = nests[0]
    columns = zip(*(leaves(nest) for nest in nests), strict=True)
    return rebuild(first, [_joined(list(column)) for column in columns])


def _joined(column: list[Any]) -> Any:
    if column[0] is None:
        return None
    odd = next((v for v in column if not isinstance(v, torch.Tensor) or v.ndim == 0), None)
    if odd is not None:
        kind = "0-d tensor" if isinstance(odd, torch.Tensor) else type(odd).__name__
        raise ShapeError(f"a batch holds a {kind}, which cannot be joined along the samples")
    shapes = sorted({tuple(leaf.shape[1:]) for leaf in column})
    if len(shapes) > 1:
        raise ShapeError(
            f"batches hold samples of shapes {shapes[0]} and {shapes[1]}, which cannot be joined "
            "in one tensor"
        )
    return torch.cat(column)
