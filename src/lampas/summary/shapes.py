"""Shapes of two batch sizes as one with a letter for the batch, and shapes as text."""

from typing import Any, cast

import torch

BATCHES = (2, 3)  # two sizes tell which sizes follow the batch; 1 would hide in squeezed shapes


def merged(small: Any, large: Any) -> Any:
    """The shapes of two batch sizes as one: where they differ, the size follows the batch."""
    if isinstance(small, torch.Size):
        alike = isinstance(large, torch.Size) and len(small) == len(large)
        return _Shape(_size(a, b) for a, b in zip(small, large, strict=True)) if alike else small
    if isinstance(small, dict) and isinstance(large, dict):
        items = cast(dict[str, Any], small).items()
        other = cast(dict[str, Any], large)
        return {name: merged(item, other.get(name)) for name, item in items}
    if isinstance(small, tuple | list) and isinstance(large, tuple | list):
        pairs = zip(cast(list[Any], small), cast(list[Any], large), strict=False)
        both = [merged(a, b) for a, b in pairs]
        return both if isinstance(small, list) else tuple(both)
    return small


class _Shape(tuple[str, ...]):
    """A shape whose sizes are texts, as "B"."""

    __slots__ = ()


def _size(small: int, large: int) -> str:
    """A size as a text: 7, B, 12B, or B+1 where it grows with the batch but not in proportion."""
    times = large - small
    if times == 0:
        return str(small)
    rest = small - BATCHES[0] * times
    return f"{times if times != 1 else ''}B{f'{rest:+d}' if rest else ''}"


def text_of(shapes: Any) -> str:
    """Nested shapes as text.

    >>> text_of((torch.Size([2, 3]), {"n": "int", "rest": None}))
    '[(2, 3), {n: int, rest: None}]'
    """
    if isinstance(shapes, torch.Size | _Shape):
        sizes = ", ".join(map(str, shapes))
        return f"({sizes},)" if len(shapes) == 1 else f"({sizes})"
    if isinstance(shapes, dict):
        items = cast(dict[str, Any], shapes).items()
        return "{" + ", ".join(f"{name}: {text_of(item)}" for name, item in items) + "}"
    if isinstance(shapes, tuple | list):
        return "[" + ", ".join(text_of(item) for item in cast(list[Any], shapes)) + "]"
    return str(shapes)
