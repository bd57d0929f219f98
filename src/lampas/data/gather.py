"""The outputs of many batches as one, held once: each is written where it shall lie as it comes."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from lampas.data.feed import Source
from lampas.data.nest import Nest, concatenate, leaves, nbytes, rebuild
from lampas.errors import InputError

_SMALL = 4 << 20
"""Bytes that are joined at the end, which is faster: to have them twice costs nothing."""


def rows_to_come(source: Source, batch_size: int, steps: int | None) -> int | None:
    """How many samples `source.once` gives; None where only reading tells.

    >>> from lampas.data.feed import make_source
    >>> source = make_source(torch.ones(100, 1), None, None, torch.device("cpu"), torch.float32)
    >>> rows_to_come(source, 32, None), rows_to_come(source, 32, 2)
    (100, 64)
    """
    size: Any = batch_size
    if source.rows is not None:
        rows = len(source.rows)
    elif isinstance(source.x, DataLoader) and source.x.batch_size is not None:
        loader: Any = source.x
        rows, size = _length(loader.sampler), loader.batch_size
        if rows is not None and loader.drop_last:
            rows -= rows % size
    elif isinstance(source.x, Dataset) and not isinstance(source.x, IterableDataset):
        rows = _length(source.x)
    else:
        rows = None
    return rows if rows is None or steps is None else min(rows, steps * size)


def _length(thing: Any) -> int | None:
    try:
        return len(thing)
    except (TypeError, NotImplementedError):
        return None


def gathered(parts: Iterable[Nest], rows: Callable[[], int | None]) -> Nest:
    """`parts`, nests of one structure, joined along dimension 0. Raises what `concatenate` raises,
    and `InputError` where there are none.

    rows: of all of them, where that is known: large parts are then copied to their places as they
    come, and never held twice.

    >>> gathered([torch.zeros(2, 1), torch.ones(1, 1)], lambda: 3).flatten().tolist()
    [0.0, 0.0, 1.0]
    """
    supply, size = iter(parts), 0
    kept = list(islice(supply, 1))
    if not kept:
        raise InputError("x holds no batch to predict")
    for part in supply:
        size += nbytes(kept[-1])
        kept.append(part)
        if size > _SMALL:
            return _written(kept, supply, rows())
    return concatenate(kept)


def _is_plain(leaf: Any) -> bool:
    if leaf is None:
        return True
    return type(leaf) is Tensor and leaf.layout is torch.strided and leaf.ndim > 0


@torch.no_grad()
def _written(kept: list[Nest], supply: Iterator[Nest], rows: int | None) -> Nest:
    first = kept[0]
    if rows is None or not all(map(_is_plain, leaves(first))):
        return concatenate([*kept, *supply])
    wholes = [leaf if leaf is None else leaf.new_empty((rows, *leaf.shape[1:]))
              for leaf in leaves(first)]  # fmt: skip
    done = 0
    for part in chain(_drained(kept), supply):
        column = leaves(part)
        end = _end(column, wholes, done)
        if end is None:  # other shapes or more rows than were told: joined as ever, or refused
            so_far = rebuild(first, [w if w is None else w[:done] for w in wholes])
            return concatenate([so_far, part, *kept, *supply])
        for whole, leaf in zip(wholes, column, strict=True):
            if whole is not None:
                whole[done:end] = leaf
        done = end
    if done < rows:
        wholes = [w if w is None else w[:done].clone() for w in wholes]
    return rebuild(first, wholes)


def _drained(kept: list[Nest]) -> Iterator[Nest]:
    while kept:
        yield kept.pop(0)


def _end(column: list[Any], wholes: list[Any], done: int) -> int | None:
    """Where the rows of a part end, if each leaf of it fits behind those before."""
    if len(column) != len(wholes) or not all(map(_is_plain, column)):
        return None
    ends: set[int] = set()
    for leaf, whole in zip(column, wholes, strict=True):
        if leaf is None or whole is None:
            if leaf is not whole:
                return None
        elif leaf.dtype != whole.dtype or leaf.shape[1:] != whole.shape[1:]:
            return None
        else:
            ends.add(done + len(leaf))
    end = ends.pop() if len(ends) == 1 else None
    sizes = {len(whole) for whole in wholes if whole is not None}
    return end if end is not None and end <= min(sizes) else None
