"""Nested values as strict JSON and a flat dict of tensors, and back: the shape of a saved run.

What JSON cannot say is an object with one key that begins with "$"; a dict that has such a key
itself, or keys that are not text, is written as pairs.

    nan, inf             {"$float": "nan"}
    an int over 64 bits  {"$int": "0x…"}
    a tuple              {"$tuple": […]}
    other dicts          {"$dict": [[key, value], …]}
    a tensor             {"$tensor": name}, {"$complex": name} (stored as pairs of reals)
    a NumPy array        {"$array": name}, {"$complex_array": name}
    a NumPy scalar       {"$scalar": [dtype, value]}
    torch's own          {"$dtype": "float32"}, {"$size": […]}, {"$device": "cuda:0"}
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from lampas.errors import ArtifactError, InputError
from lampas.tensorfile import DTYPES

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

_DEEPEST = 100  # levels; far beyond any state, far below Python's recursion limit
_ARRAYS = (
    {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
    | {"float16", "float32", "float64"}
)  # fmt: skip
_COMPLEX = {"complex64", "complex128"}
_DTYPES = {str(kind).removeprefix("torch."): kind for kind in (*DTYPES.values(), torch.complex128)}


def pack(value: object) -> tuple[Json, dict[str, Tensor]]:
    """`value` as strict JSON and the tensors that it refers to by name.

    Takes nested dicts, lists and tuples of text, numbers (nan and infinities too), bools, None,
    dense tensors, NumPy arrays and scalars of numbers, `torch.dtype`, `torch.Size` and
    `torch.device`. A tensor's name is its path in the tree, joined by "/". The same view of the
    same memory (tied weights) is kept once and referred to twice. Tensors are detached, not
    copied. An `OrderedDict` counts as a dict, a parameter as a tensor.

    Raises `InputError` with the path of the first value that is none of these.

    >>> weight = torch.ones(2, 3)
    >>> json, tensors = pack({"encoder": weight, "decoder": weight, "betas": (0.9, math.inf)})
    >>> json["decoder"], json["betas"]
    ({'$tensor': 'encoder'}, {'$tuple': [0.9, {'$float': 'inf'}]})
    >>> {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    {'encoder': (2, 3)}
    >>> pack({"settings": {"loss": print}})
    Traceback (most recent call last):
    lampas.errors.InputError: cannot save settings/loss: it is a builtin_function_or_method, ...
    """
    packer = _Packer()
    json = packer.pack(value, ())
    return json, packer.tensors


def unpack(json: Json, tensors: Mapping[str, Tensor]) -> Any:
    """The value that `pack` took; tensors that it kept once are one tensor again.

    Raises `ArtifactError` where `json` is nothing that `pack` gives.

    >>> unpack({"$dict": [[0, {"$tuple": [1, {"$float": "nan"}]}]]}, {})
    {0: (1, nan)}
    """
    return _unpack(json, tensors, 0)


class _Packer:
    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._names: dict[tuple[object, ...], str] = {}

    def pack(self, value: object, path: tuple[str, ...]) -> Json:
        if len(path) > _DEEPEST:
            start = "/".join(path[:3])
            raise InputError(f"cannot save {start}/…: it is nested over {_DEEPEST} levels deep")
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return cast(Json, value)
        if kind is int or kind is float:
            return _number(cast(float, value))
        if kind is list:
            return self._items(cast(list[object], value), path)
        if kind is tuple:
            return {"$tuple": self._items(cast(tuple[object, ...], value), path)}
        if kind is dict or kind is OrderedDict:
            return self._mapping(cast(dict[object, object], value), path)
        if isinstance(value, Tensor):
            return self._tensor(value, path)
        if isinstance(value, np.ndarray):
            return self._array(cast("np.ndarray[Any, Any]", value), path)
        return _small(value, path)

    def _items(self, items: Sequence[object], path: tuple[str, ...]) -> list[Json]:
        return [self.pack(item, (*path, str(index))) for index, item in enumerate(items)]

    def _mapping(self, items: dict[object, object], path: tuple[str, ...]) -> Json:
        packed = [(key, self.pack(item, (*path, str(key)))) for key, item in items.items()]
        if all(type(key) is str and not key.startswith("$") for key in items):
            return {cast(str, key): item for key, item in packed}
        return {"$dict": [[self.pack(key, (*path, "key")), item] for key, item in packed]}

    def _tensor(self, value: Tensor, path: tuple[str, ...]) -> Json:
        if complaint := _unsaved(value):
            raise InputError(f"cannot save {_where(path)}: {complaint}")
        plain = value.detach().resolve_conj().resolve_neg()
        if plain.is_complex():
            return {"$complex": self._store(torch.view_as_real(plain), path)}
        return {"$tensor": self._store(plain, path)}

    def _array(self, value: "np.ndarray[Any, Any]", path: tuple[str, ...]) -> Json:
        if value.dtype.name not in _ARRAYS | _COMPLEX:
            complaint = f"it is a NumPy array of {value.dtype}, and only numbers can be saved"
            raise InputError(f"cannot save {_where(path)}: {complaint}: try .tolist()")
        native = np.asarray(value, dtype=value.dtype.newbyteorder("="), order="C")
        plain = torch.from_numpy(native if native.flags.writeable else native.copy())
        if plain.is_complex():
            return {"$complex_array": self._store(torch.view_as_real(plain), path)}
        return {"$array": self._store(plain, path)}

    def _store(self, tensor: Tensor, path: tuple[str, ...]) -> str:
        key = (tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() and key in self._names:
            return self._names[key]
        first = _where(path).encode("utf-8", "replace").decode()
        name, count = first, 1
        while name in self.tensors or name == "__metadata__":
            count += 1
            name = f"{first}#{count}"
        self.tensors[name] = tensor
        self._names[key] = name
        return name


def _where(path: tuple[str, ...]) -> str:
    return "/".join(path) or "value"


def _number(value: float) -> Json:
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else {"$int": hex(value)}
    return value if math.isfinite(value) else {"$float": str(value)}


def _small(value: object, path: tuple[str, ...]) -> Json:
    """What needs neither children nor memory of its own."""
    if isinstance(value, np.str_):
        return str(value)
    if isinstance(value, np.generic) and value.dtype.name in _ARRAYS:
        return {"$scalar": [value.dtype.name, _number(value.item())]}
    if isinstance(value, torch.dtype) and _dtype_name(value) in _DTYPES:
        return {"$dtype": _dtype_name(value)}
    if isinstance(value, torch.Size):
        return {"$size": list(value)}
    if isinstance(value, torch.device):
        return {"$device": str(value)}
    raise InputError(
        f"cannot save {_where(path)}: it is a {type(value).__name__}, and a saved file holds "
        "numbers, text, tensors, and lists, tuples and dicts of them"
    )


def _dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _unsaved(tensor: Tensor) -> str | None:
    """Why this tensor cannot be saved, or None."""
    if is_lazy(tensor):
        return "its layer is lazy and has no weights yet: run one batch through the net first"
    if tensor.device.type == "meta":
        return "it is on the meta device and has no values"
    if type(tensor) not in (Tensor, torch.nn.Parameter, torch.nn.Buffer):
        return f"it is a {type(tensor).__name__}, and only plain tensors can be saved"
    if tensor.layout != torch.strided or tensor.is_nested or tensor.is_quantized:
        return "it is sparse, nested or quantised, and only dense tensors can be saved"
    if _dtype_name(tensor.dtype) not in _DTYPES:
        return f"its dtype {tensor.dtype} has no place in a safetensors file"
    return None


def _unpack(json: Json, tensors: Mapping[str, Tensor], depth: int) -> Any:
    if depth > _DEEPEST:
        raise ArtifactError(f"a saved value is nested over {_DEEPEST} levels deep")
    if isinstance(json, list):
        return [_unpack(item, tensors, depth + 1) for item in json]
    if not isinstance(json, dict):
        return json
    tag = next(iter(json), "")
    if not tag.startswith("$"):
        return {key: _unpack(item, tensors, depth + 1) for key, item in json.items()}
    try:
        ((tag, body),) = json.items()
        return _tagged(tag, body, tensors, depth + 1)
    except (TypeError, ValueError, LookupError, RuntimeError, ArithmeticError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"a saved value cannot be read: {tag} of {json[tag]!r:.80}") from error


def _tagged(tag: str, body: Any, tensors: Mapping[str, Tensor], depth: int) -> Any:
    if tag == "$tuple":
        return tuple(_unpack(item, tensors, depth) for item in body)
    if tag == "$dict":
        pairs = [[_unpack(part, tensors, depth) for part in pair] for pair in body]
        return {key: item for key, item in pairs}  # noqa: C416 (checks that these are pairs)
    if tag == "$scalar":
        name, value = body
        return np.dtype(_known(name, _ARRAYS)).type(_unpack(value, tensors, depth))
    return _LEAVES[tag](body, tensors)


def _known(name: str, names: set[str]) -> str:
    if name not in names:
        raise KeyError(name)
    return name


_LEAVES: dict[str, Callable[[Any, Mapping[str, Tensor]], Any]] = {
    "$float": lambda body, _: float(_known(body, {"nan", "inf", "-inf"})),
    "$int": lambda body, _: int(body, 16),
    "$tensor": lambda body, tensors: tensors[body],
    "$complex": lambda body, tensors: torch.view_as_complex(tensors[body]),
    "$array": lambda body, tensors: tensors[body].numpy(),
    "$complex_array": lambda body, tensors: torch.view_as_complex(tensors[body]).numpy(),
    "$dtype": lambda body, _: _DTYPES[body],
    "$size": lambda body, _: torch.Size(body),
    "$device": lambda body, _: torch.device(body),
}
