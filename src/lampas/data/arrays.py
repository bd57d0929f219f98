"""Arrays in memory: NumPy, pandas and tensors become tensors that share their memory."""

import sys
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from lampas.data.nest import Nest, leaves, named_leaves, rebuild
from lampas.errors import DataError, DtypeError, ShapeError

COPIED_BYTES = 1 << 30
"""From here on it is told that an array is copied: it may be a file that is larger than memory."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Inputs, targets and weights of equal length, in memory (or memory-mapped).

    `dtypes` holds, for each leaf of (x, y, weight), the dtype that its batches get: NumPy and
    pandas make float64 by default, which is converted to the net's dtype batch by batch, so
    that nothing is copied whole. `names` and, for data frames, `columns` are what messages call
    the leaves.
    """

    x: Nest
    y: Nest
    weight: torch.Tensor | None
    dtypes: list[torch.dtype]
    names: list[str]
    columns: list[list[str] | None]
    tensors: list[torch.Tensor] = field(init=False)
    """All leaves of (x, y, weight) that are there."""

    def __post_init__(self) -> None:
        found = [leaf for leaf in leaves(self.parts) if leaf is not None]
        object.__setattr__(self, "tensors", found)

    def __len__(self) -> int:
        return len(self.tensors[0])

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, at least 1."""
        return max(1, sum(t.element_size() * t[0].numel() for t in self.tensors))

    @property
    def parts(self) -> tuple[Nest, Nest, torch.Tensor | None]:
        """(x, y, weight)."""
        return self.x, self.y, self.weight

    def span(self, start: int, stop: int) -> "Rows":
        """Rows start…stop, sharing memory."""
        values = [None if leaf is None else leaf[start:stop] for leaf in leaves(self.parts)]
        x, y, weight = rebuild(self.parts, values)
        return Rows(x, y, weight, self.dtypes, self.names, self.columns)


def make_rows(x: Nest, y: Nest, weight: Any, dtype: torch.dtype) -> Rows:
    """Rows from arrays; `dtype` is the floating dtype of the net.

    Raises `DataError` where lengths differ, something is empty, or a leaf is no array.
    """
    for name, value in (("y", y), ("sample_weight", weight)):
        refuse_numbers(name, value)
    named = [(_label(name), leaf) for name, leaf in named_leaves((x, y, weight), "")]
    tensors = [None if leaf is None else to_tensor(leaf, name) for name, leaf in named]
    there = [(name, leaf, tensor) for (name, leaf), tensor in zip(named, tensors, strict=True)
             if tensor is not None]  # fmt: skip
    _check_lengths([(name, tensor) for name, _, tensor in there])
    x, y, weight = rebuild((x, y, weight), tensors)
    dtypes = [batch_dtype(leaf, tensor, dtype) for _, leaf, tensor in there]
    columns = [_column_names(leaf) for _, leaf, _ in there]
    return Rows(x, y, _one_each(weight), dtypes, [name for name, _, _ in there], columns)


def refuse_numbers(name: str, value: Any) -> None:
    """Refuse a plain list of numbers, which would pass for a list of arrays."""
    found = leaves(value) if isinstance(value, list) else []
    if found and all(isinstance(leaf, (int, float)) for leaf in found):
        raise DataError(
            f"{name} is a list of numbers: pass np.asarray({name}), or torch.tensor({name})"
        )


def _one_each(weight: Any) -> torch.Tensor | None:
    """Sample weights (N,), from a column (N, 1) too: which would be broadcast against losses."""
    if weight is None:
        return None
    if not isinstance(weight, torch.Tensor):
        raise ShapeError("sample_weight is one array (N,), for all outputs: pass no dict or tuple")
    if weight.numel() != len(weight):
        raise ShapeError(
            f"sample_weight has shape {tuple(weight.shape)}: pass one weight a sample, "
            f"({len(weight)},)"
        )
    return weight.reshape(-1)


def _column_names(leaf: Any) -> list[str] | None:
    is_frame = _is_pandas(leaf) and leaf.ndim == 2
    return [str(column) for column in leaf.columns] if is_frame else None


def _label(name: str) -> str:
    """'[0]['a']' → "x['a']": the way a user wrote it."""
    for index, word in enumerate(("x", "y", "sample_weight")):
        if name.startswith(f"[{index}]"):
            return word + name[3:]
    return name


def is_array(value: Any) -> bool:
    """Whether `value` is a tensor, a NumPy array or a pandas object."""
    return isinstance(value, (torch.Tensor, np.ndarray)) or _is_pandas(value)


def _is_pandas(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series, pandas.Index))


def to_tensor(value: Any, name: str) -> torch.Tensor:
    """A tensor that shares the memory of `value` where its dtype allows."""
    if isinstance(value, torch.Tensor):
        if value.is_meta:
            raise DataError(f"{name} is on the meta device, where tensors hold no numbers")
        if value.layout != torch.strided or value.is_nested or value.is_quantized:
            raise DataError(
                f"{name} is a sparse, nested or quantised tensor, whose rows cannot be taken: pass "
                f"{name}.to_dense(), or what yields batches of it"
            )
        return value.detach()  # data: no graph that made it is to be walked at each step
    if _is_pandas(value):
        value = _from_pandas(value, name)
    if not isinstance(value, np.ndarray):
        raise DataError(
            f"{name} is a {type(value).__name__}: pass a tensor, a NumPy array, a pandas object, "
            "a tuple or dict of these, a Dataset or a DataLoader"
        )
    if value.dtype.kind not in "biufc":
        raise DtypeError(
            f"{name} is an array of {value.dtype}, which no tensor can hold: encode it as numbers "
            "(lampas.tabular does so for tables)"
        )
    return _share(value, name)


def _share(given: np.ndarray[Any, Any], name: str) -> torch.Tensor:
    array = given
    if array.dtype.itemsize > 8 and array.dtype.kind == "f":
        array = array.astype(np.float64)  # longdouble, which torch has not
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if any(stride < 0 for stride in array.strides):
        array = array.copy()  # torch has no negative strides
    if array is not given and array.nbytes > COPIED_BYTES:
        warnings.warn(
            f"{name}, {array.nbytes / 1e9:,.1f} GB, is copied whole: torch reads no {_odd(given)}; "
            "where memory is short, store it as torch does",
            UserWarning,
            stacklevel=6,
        )
    with warnings.catch_warnings():
        # Read-only arrays (memory maps, pandas) are only read here.
        warnings.filterwarnings("ignore", message=".*not writable.*")
        return torch.from_numpy(array)


def _odd(array: np.ndarray[Any, Any]) -> str:
    """What keeps torch from sharing the memory of `array`."""
    if not array.dtype.isnative:
        return "numbers with their bytes in the other order"
    return str(array.dtype) if array.dtype.itemsize > 8 else "array that runs backwards"


def _from_pandas(value: Any, name: str) -> Any:
    columns = value.items() if value.ndim == 2 else [(None, value)]
    for column, series in columns:
        kind = series.dtype.kind if hasattr(series.dtype, "kind") else "O"
        if kind not in "biuf":
            where = f"column {column!r} of {name}" if column is not None else name
            raise DtypeError(
                f"{where} holds {series.dtype}, not numbers: encode it, leave it out, or use "
                "lampas.tabular, which does so"
            )
    array = value.to_numpy()
    return _plain_numbers(value) if array.dtype.kind == "O" else array


def _plain_numbers(value: Any) -> np.ndarray[Any, Any]:
    """pandas' own nullable numbers, or columns of several kinds: floats where one is missing."""
    if bool(value.isna().to_numpy().any()):
        return value.to_numpy(dtype="float64", na_value=float("nan"))
    columns = [series for _, series in value.items()] if value.ndim == 2 else [value]
    return value.to_numpy(dtype=np.result_type(*[series.to_numpy().dtype for series in columns]))


def batch_dtype(leaf: Any, tensor: torch.Tensor, dtype: torch.dtype) -> torch.dtype:
    """Tensors keep their dtype: their owner chose it. Other floats get the net's."""
    if isinstance(leaf, torch.Tensor) or not tensor.is_floating_point():
        return _plain_integer(leaf, tensor)
    return dtype


def _plain_integer(leaf: Any, tensor: torch.Tensor) -> torch.dtype:
    """NumPy's small and unsigned integers become int64, which losses ask for; uint8 stays."""
    kept = (torch.uint8, torch.bool, torch.int64)
    if isinstance(leaf, torch.Tensor) or tensor.dtype in kept or tensor.is_floating_point():
        return tensor.dtype
    return tensor.dtype if tensor.is_complex() else torch.int64


def _check_lengths(named: list[tuple[str, torch.Tensor]]) -> None:
    for name, tensor in named:
        if tensor.ndim == 0:
            raise DataError(f"{name} is a single number: it needs a first dimension of samples")
    if not named or not named[0][0].startswith("x"):
        raise DataError("x holds no array: pass a tensor, a NumPy array or a pandas object")
    first_name, first = named[0]
    for name, tensor in named:
        if len(tensor) != len(first):
            raise DataError(
                f"{first_name} has {len(first)} samples but {name} has {len(tensor)}: "
                "they must be of one length"
            )
    if len(first) == 0:
        raise DataError(f"{first_name} is empty: shape {tuple(first.shape)}")


def check_columns(rows: Rows, fitted: list[list[str] | None] | None) -> None:
    """Refuse a data frame whose columns are others than those of the fit, or in another order:
    a net knows columns by their place alone."""
    for name, now, then in zip(rows.names, rows.columns, fitted or [], strict=False):
        if now is None or then is None or now == then:
            continue
        missing = [column for column in then if column not in now]
        what = f"lacks {missing[0]!r}" if missing else "has them in another order, or more"
        raise DataError(f"{name}: the columns in fit were {then}, and this frame {what}")
