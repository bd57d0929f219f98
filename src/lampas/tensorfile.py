"""Tensors in one file, in the safetensors format, with a checksum over all of it.

    8 bytes   length n of the header, little-endian
    n bytes   JSON: {"__metadata__": {text: text}, name: {"dtype", "shape", "data_offsets"}, …}
    the rest  the tensors' bytes, little-endian, without gaps

(https://github.com/huggingface/safetensors#format.) Any reader of that format opens these files.
We write and read it here, in some lines, because that takes one pass and the memory of one
tensor where a general library needs a second copy of them all, and because a wrong header must
be found before memory is taken for it. The metadata's "sha256" is over the whole file with that
value's 64 digits as zeros.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import torch
from torch import Tensor

from lampas.errors import ArtifactError, InputError
from lampas.strict_json import MOST_VALUES, strict_json, values_in

_LONGEST_HEADER = 100_000_000  # bytes; the format's own bound
_MOST_DIMENSIONS = 64
_ZEROS = "0" * 64
_NAMES = {
    "BOOL": "bool",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}
# float8_e8m0fnu is younger than the oldest torch we support.
DTYPES: dict[str, torch.dtype] = {
    code: getattr(torch, name) for code, name in _NAMES.items() if hasattr(torch, name)
}
_CODES = {dtype: code for code, dtype in DTYPES.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies: its bytes are `begin` to `end` after the header."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """The first part of a file, all sizes checked. `length`: of its JSON, in bytes."""

    metadata: Mapping[str, str]
    entries: tuple[Entry, ...]
    length: int


def write(file: BinaryIO, metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> None:
    """Write `tensors` (dense, on any device) and `metadata` into a new, seekable `file`.

    Tensors come to the CPU one at a time. Raises `InputError` where the header is longer than
    the format allows.
    """
    # The widest first: so each lies at a multiple of its width, whoever maps the file.
    names = sorted(tensors, key=lambda name: -tensors[name].element_size())
    header = _header(metadata, {name: tensors[name] for name in names})
    digest = hashlib.sha256(header)
    file.write(header)
    for name in names:
        data = _bytes(tensors[name])
        digest.update(data)
        file.write(data)
    file.seek(header.index(_ZEROS.encode()))
    file.write(digest.hexdigest().encode())


def read_header(file: BinaryIO) -> Header:
    """The header of a file at its start, every size in it checked against the file's.

    Raises `ArtifactError` with what is wrong ("its header …"), to be put after the file's name.
    """
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if length > min(size - 8, _LONGEST_HEADER):
        if length <= _LONGEST_HEADER and file.read(1) == b"{":
            raise ArtifactError(
                f"it is cut short: its header takes {length + 8:,} bytes, it has {size:,}"
            )
        raise ArtifactError("its first bytes are not those of a safetensors file")
    items = strict_json(file.read(length), "its header")
    if not isinstance(items, dict):
        raise ArtifactError("its header is not a JSON object")
    items = cast(dict[str, Any], items)
    metadata = _metadata(items.pop("__metadata__", {}))
    entries = sorted((_entry(name, item) for name, item in items.items()), key=_place)
    _check_places(entries, size - 8 - length)
    return Header(metadata, tuple(entries), length)


def read_tensors(file: BinaryIO, header: Header) -> dict[str, Tensor]:
    """All tensors of a `file` whose `header` was read, on the CPU.

    Raises `ArtifactError` where the checksum differs: a byte is not what was written.
    """
    written = header.metadata.get("sha256", "")
    file.seek(8)  # read anew, not kept meanwhile: beside what it said it would be a third copy
    raw = file.read(header.length)
    cleared = raw.replace(written.encode(), _ZEROS.encode()) if len(written) == 64 else b""
    digest = hashlib.sha256(header.length.to_bytes(8, "little") + cleared)
    del raw, cleared
    tensors: dict[str, Tensor] = {}
    for entry in header.entries:
        memory = torch.empty(entry.end - entry.begin, dtype=torch.uint8)
        view = memory.numpy().data
        if file.readinto(view) != len(view):  # type: ignore[attr-defined]
            raise ArtifactError("it is cut short")
        digest.update(view)
        tensors[entry.name] = memory.view(entry.dtype).reshape(entry.shape)
    if digest.hexdigest() != written:
        raise ArtifactError("its checksum is wrong: some bytes are not those that were written")
    return tensors


def _header(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> bytes:
    """Length and header; the checksum's place is the first run of 64 zeros."""
    items: dict[str, Any] = {"__metadata__": {"sha256": _ZEROS, **metadata}}
    begin = 0
    for name, tensor in tensors.items():
        end = begin + tensor.numel() * tensor.element_size()
        code, shape = _CODES[tensor.dtype], list(tensor.shape)
        items[name] = {"dtype": code, "shape": shape, "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(items, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if values_in(text.decode()) > MOST_VALUES:
        raise InputError(
            f"the description of what to save holds more than {MOST_VALUES:,} values: "
            "keep large lists of numbers as tensors or arrays"
        )
    if len(text) > _LONGEST_HEADER:
        raise InputError(
            f"the description of what to save takes {len(text):,} bytes, and the format allows "
            f"{_LONGEST_HEADER:,}: keep large lists of numbers as tensors or arrays"
        )
    return len(text).to_bytes(8, "little") + text


def _bytes(tensor: Tensor) -> memoryview:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data


def _metadata(value: Any) -> Mapping[str, str]:
    items = cast(dict[str, Any], value)
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in items.values()):
        raise ArtifactError("its header's metadata is not text")
    return items


def _entry(name: str, item: Any) -> Entry:
    try:
        dtype, shape = DTYPES[item["dtype"]], tuple(item["shape"])
        begin, end = item["data_offsets"]
        numbers = [*shape, begin, end]
    except (TypeError, ValueError, KeyError):
        raise ArtifactError(f"its header says of tensor {name!r:.80}: {item!r:.80}") from None
    if any(type(number) is not int or number < 0 for number in numbers):
        raise ArtifactError(f"its header says of tensor {name!r:.80}: {item!r:.80}")
    wide = math.prod(max(number, 1) for number in shape) * dtype.itemsize
    taken = 0 if 0 in shape else wide
    if taken != end - begin or wide >= 2**63 or len(shape) > _MOST_DIMENSIONS:
        raise ArtifactError(
            f"its header gives tensor {name!r:.80} of shape {list(shape)!s:.80} and dtype "
            f"{dtype} {end - begin:,} bytes"
        )
    return Entry(name, dtype, shape, begin, end)


def _place(entry: Entry) -> tuple[int, int]:
    return entry.begin, entry.end


def _check_places(entries: list[Entry], size: int) -> None:
    """Tensors must follow each other from the first byte after the header to the last."""
    last = 0
    for entry in entries:
        if entry.begin != last:
            raise ArtifactError(f"its header puts tensor {entry.name!r:.80} in a wrong place")
        last = entry.end
    if last > size:
        raise ArtifactError(f"it is cut short: its tensors take {last:,} bytes, it has {size:,}")
    if last < size:
        raise ArtifactError(f"it has {size - last:,} bytes too many at its end")
