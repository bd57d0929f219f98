"""What a net takes, as shapes and dtypes; as tensors on the meta device, which take no memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor, nn

from lampas.errors import InputError

Shapes: TypeAlias = int | Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """The arguments of one call of a net. Of tensors only shape and dtype are looked at."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


def inputs_of(shapes: Shapes, dtypes: Any, batch: int, net: nn.Module) -> Inputs:
    """Inputs of `batch` samples with these shapes, given without the batch dimension.

    `shapes`: one, as (3, 32, 32); a list of them for several positional arguments of `forward`;
    a dict for arguments by name. `dtypes`: a torch dtype or an old tensor type such as
    `torch.LongTensor`, for all inputs; a list or dict of them, one for each; None for the dtype
    of the net's own numbers. Raises `InputError` for anything else.

    >>> inputs_of([(3, 8, 8), (5,)], [None, torch.long], 2, nn.ReLU()).args[1].shape
    torch.Size([2, 5])
    """
    usual = float_dtype(net)
    if isinstance(shapes, Mapping):
        named = {name: _shape(one, f"input_shape[{name!r}]") for name, one in shapes.items()}
        kinds = _dtypes_by_name(list(named), dtypes)
        tensors = {
            name: _empty(batch, shape, _dtype(kinds[name], usual)) for name, shape in named.items()
        }
        return Inputs((), tensors)
    several = _several(shapes)
    kinds = _dtypes_in_order(len(several), dtypes)
    pairs = zip(several, kinds, strict=True)
    return Inputs(tuple(_empty(batch, shape, _dtype(kind, usual)) for shape, kind in pairs), {})


def inputs_like(example: Any, net: nn.Module) -> Inputs:
    """Inputs with the shapes and dtypes of an example batch: a tensor or NumPy array, a tuple or
    list of positional arguments of `forward`, or a dict of arguments by name.

    NumPy's float64 counts as the net's own dtype, to which `fit` would cast it.
    """
    usual = float_dtype(net)
    if isinstance(example, Mapping):
        items = cast(Mapping[str, Any], example).items()
        return Inputs((), {name: _as_tensor(value, usual) for name, value in items})
    if isinstance(example, tuple | list):
        return Inputs(tuple(_as_tensor(value, usual) for value in cast(list[Any], example)), {})
    return Inputs((_as_tensor(example, usual),), {})


def float_dtype(net: nn.Module) -> torch.dtype:
    """The dtype of the net's first floating-point parameter; torch's default where it has none."""
    for parameter in net.parameters():
        if parameter.is_floating_point():
            return parameter.dtype
    return torch.get_default_dtype()


def _as_tensor(value: Any, usual: torch.dtype) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    kind = torch.from_numpy(np.empty(0, cast("np.ndarray[Any, Any]", value).dtype)).dtype
    kind = usual if kind == torch.float64 else kind
    return torch.empty(cast("np.ndarray[Any, Any]", value).shape, dtype=kind, device="meta")


def _several(shapes: Any) -> list[tuple[int, ...]]:
    """One shape, or a sequence of shapes, as a list of shapes."""
    sized = isinstance(shapes, Sequence) and not isinstance(shapes, str)
    if sized and any(isinstance(part, Sequence) for part in cast(Sequence[Any], shapes)):
        parts = enumerate(cast(Sequence[Any], shapes))
        return [_shape(one, f"input_shape[{index}]") for index, one in parts]
    return [_shape(shapes, "input_shape")]


def _shape(shape: Any, where: str) -> tuple[int, ...]:
    if isinstance(shape, int) and not isinstance(shape, bool):
        shape = (shape,)
    if not isinstance(shape, Sequence) or isinstance(shape, str):
        raise InputError(f"{where} is {shape!r}: write a tuple of sizes, as (3, 32, 32)")
    sizes = tuple(cast(Sequence[Any], shape))
    if sizes and sizes[0] in (None, -1):
        raise InputError(f"{where} is {sizes}: leave the batch dimension out: {sizes[1:]}")
    if not all(type(size) is int and size >= 0 for size in sizes):
        raise InputError(f"{where} is {sizes}: each size must be an integer of 0 or more")
    return sizes


def _dtypes_by_name(names: list[str], dtypes: Any) -> Mapping[str, Any]:
    if not isinstance(dtypes, Mapping):
        return dict.fromkeys(names, dtypes)
    given = cast(Mapping[str, Any], dtypes)
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InputError(f"input_dtype has {unknown[0]!r}, which input_shape lacks")
    return {name: given.get(name) for name in names}


def _dtypes_in_order(count: int, dtypes: Any) -> list[Any]:
    if not isinstance(dtypes, Sequence) or isinstance(dtypes, str):
        return [dtypes] * count
    given = list(cast(Sequence[Any], dtypes))
    if len(given) != count:
        raise InputError(f"input_dtype has {len(given)} dtypes for {count} inputs")
    return given


def _dtype(dtype: Any, usual: torch.dtype) -> torch.dtype:
    """A dtype as it is; that of an old tensor type, as torch.FloatTensor; the usual for None."""
    dtype = usual if dtype is None else getattr(dtype, "dtype", dtype)
    if not isinstance(dtype, torch.dtype):
        raise InputError(f"input_dtype is {dtype!r}: write a torch dtype, as torch.float32")
    return dtype


def _empty(batch: int, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    return torch.empty((batch, *shape), dtype=dtype, device="meta")
