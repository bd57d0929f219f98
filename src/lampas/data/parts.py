"""How many samples there are in what was passed, some of them by position, and their labels."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from lampas.data.arrays import is_array
from lampas.data.memory import take
from lampas.errors import DataError

Positions = np.ndarray[Any, np.dtype[np.int64]]


def count_of(data: Any) -> int:
    """The number of samples in arrays, pandas objects, lists of samples, tuples and dicts of
    these, or a `Dataset`. Raises `DataError` for anything else, for lengths that differ, for none.

    >>> count_of((torch.zeros(3, 2), ["a", "b", "c"]))
    3
    """
    _refuse_streams(data)
    sizes = [(name, _length(leaf)) for name, leaf in _columns(data, "data")]
    if not sizes:
        raise DataError("data holds no samples")
    for name, size in sizes:
        if size != sizes[0][1]:
            raise DataError(
                f"{sizes[0][0]} has {sizes[0][1]} samples but {name} has {size}: they must be of "
                "one length"
            )
    return sizes[0][1]


def taken(data: Any, positions: Positions) -> Any:
    """The samples at `positions`, in that order, as the same kind of thing.

    Data frames keep their index; of a `Dataset` it is a `Subset`.

    >>> taken({"x": np.arange(4.0), "y": list("abcd")}, np.array([0, 3]))
    {'x': array([0., 3.]), 'y': ['a', 'd']}
    """
    if isinstance(data, Dataset):
        return _subset(cast(Dataset[Any], data), positions)
    if isinstance(data, Mapping):
        return {key: taken(part, positions) for key, part in cast(Mapping[Any, Any], data).items()}
    if isinstance(data, tuple):
        parts = [taken(part, positions) for part in cast(tuple[Any, ...], data)]
        return cast(Any, type(data))(*parts) if hasattr(data, "_fields") else tuple(parts)
    if _holds_arrays(data):
        return [taken(part, positions) for part in data]
    if isinstance(data, list):
        return [cast(list[Any], data)[position] for position in positions]
    return data if data is None else _rows(data, positions)


def column(data: Any, given: Any, what: str) -> np.ndarray[Any, Any]:
    """One value for each sample, as an array (N,).

    given: the values, or the name of a column, where `data` is a frame or a dict. `what`: the
    argument's name, for messages. Raises `DataError` for another length or shape, and for gaps.
    """
    if isinstance(given, str):
        given = _named(data, given, what)
    values = one_each(given, what)
    if len(values) != (count := count_of(data)):
        raise DataError(f"{what} has {len(values)} values for {count} samples")
    return values


def one_each(given: Any, what: str) -> np.ndarray[Any, Any]:
    """Values of any kind as an array (N,), without gaps. Raises `DataError` otherwise."""
    values = given.detach().cpu().numpy() if isinstance(given, torch.Tensor) else given
    values = np.asarray(values)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(f"{what} has shape {values.shape}: pass one value for each sample, (N,)")
    gaps = np.flatnonzero(pd.isna(values))
    if len(gaps):
        raise DataError(f"{what} has no value at row {gaps[0]}: fill it, or drop the row")
    return values


def labels_of(data: Any) -> Any:
    """The labels that come with `data`: the second part of a tuple, a dataset's own.

    A dataset has them as the second tensor of a `TensorDataset`, or as its `targets` or
    `labels`. Raises `DataError` where there are none to be found.
    """
    if isinstance(data, Subset):
        inner = labels_of(cast(Subset[Any], data).dataset)
        return np.asarray(inner)[np.asarray(cast(Subset[Any], data).indices, np.int64)]
    if isinstance(data, TensorDataset) and len(data.tensors) > 1:
        return data.tensors[1]
    if isinstance(data, tuple) and len(cast(tuple[Any, ...], data)) in (2, 3):
        return cast(tuple[Any, ...], data)[1]
    for name in ("targets", "labels"):
        if isinstance(data, Dataset) and hasattr(data, name):
            return getattr(data, name)
    raise DataError(
        f"the labels are not to be found in a {type(data).__name__}: pass them, labels=..., one "
        "for each sample"
    )


def _refuse_streams(data: Any) -> None:
    if isinstance(data, DataLoader):
        raise DataError("data is a DataLoader, which has batches: split its dataset")
    if isinstance(data, (IterableDataset, Iterator)):
        raise DataError(
            f"data is a {type(cast(Any, data)).__name__}, which can only be read from its start: "
            "split what it reads from"
        )


def _columns(data: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(data, Mapping):
        parts = [(f"{name}[{k!r}]", v) for k, v in cast(Mapping[Any, Any], data).items()]
    elif isinstance(data, tuple) or _holds_arrays(data):
        parts = [(f"{name}[{i}]", v) for i, v in enumerate(cast(Sequence[Any], data))]
    else:
        return [] if data is None else [(name, data)]
    return [leaf for part_name, part in parts for leaf in _columns(part, part_name)]


def _holds_arrays(data: Any) -> bool:
    """Whether a list is several inputs, as in `fit`; any other list is a list of samples."""
    return isinstance(data, list) and any(is_array(part) for part in cast(list[Any], data))


def _length(leaf: Any) -> int:
    if is_array(leaf) and not leaf.ndim:
        raise DataError("data holds a single number: it needs a first dimension of samples")
    if not is_array(leaf) and not isinstance(leaf, (list, Dataset)):
        raise DataError(
            f"data holds a {type(leaf).__name__}: pass arrays, tensors, pandas objects, lists, "
            "tuples or dicts of these, or a Dataset"
        )
    if not hasattr(leaf, "__len__"):
        raise DataError(f"the dataset {type(leaf).__name__} has no length: write its __len__")
    return len(cast(Any, leaf))


def _rows(leaf: Any, positions: Positions) -> Any:
    if isinstance(leaf, torch.Tensor):
        return take(leaf, torch.from_numpy(positions).to(leaf.device))
    return leaf.iloc[positions] if isinstance(leaf, (pd.DataFrame, pd.Series)) else leaf[positions]


def _subset(data: Dataset[Any], positions: Positions) -> Subset[Any]:
    if type(data) is Subset:  # one subset, which loaders of tensors recognise, not two
        indices = np.asarray(data.indices, np.int64)[positions]
        return Subset(data.dataset, indices.tolist())
    return Subset(data, positions.tolist())


def _named(data: Any, name: str, what: str) -> Any:
    if isinstance(data, pd.DataFrame) or (isinstance(data, Mapping) and data):
        if name in data:
            return data[name]
        raise DataError(
            f"{what}={name!r} is not among the columns {', '.join(map(str, cast(Any, data)))}"
        )
    raise DataError(
        f"{what}={name!r} names a column, and a {type(data).__name__} has none: pass the values"
    )
