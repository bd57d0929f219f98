"""One cache file: the pixels of N images behind each other, and a footer to know damage by.

    N rows of H · W · C bytes
    JSON: {"key", "shape": [N, H, W, C], "bad": [[position, reason], ...]}
    N times 4 bytes: the CRC-32 of each row, little-endian
    16 bytes: the JSON's length, the CRC-32 of JSON and row sums, the magic word

The rows of bad images are gaps.
"""

import json
import math
import mmap
import os
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lampas.strict_json import strict_json

_MAGIC = b"LMPSPIX1"
_TAIL = struct.Struct("<II8s")
_BLOCK = 4 << 20  # bytes read at a time when a file is checked

Shape = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Mapped:
    """An open cache file. `rows`: uint8 (N, H, W, C), read-only, in `memory`, the mapped file.

    `bad`: {position: why that image could not be decoded}.
    """

    rows: np.ndarray
    memory: mmap.mmap
    bad: dict[int, str]


def write_cache(
    file: BinaryIO, key: str, shape: Shape, rows: Iterable[tuple[int, np.ndarray | str]]
) -> dict[int, str]:
    """Write into the empty `file` the cache of `rows`: each position once, with its pixels or why
    there are none. Gives back the latter. Memory: one row and 4 bytes an image."""
    length = math.prod(shape[1:])
    sums = np.zeros(shape[0], "<u4")
    bad: dict[int, str] = {}
    here = 0
    for position, pixels in rows:
        if isinstance(pixels, str):
            bad[position] = pixels
            continue
        if position != here:  # each seek would empty the file's buffer
            file.seek(position * length)
        here = position + 1
        data = pixels.tobytes()
        file.write(data)
        sums[position] = zlib.crc32(data)
    head = {"key": key, "shape": shape, "bad": sorted(bad.items())}
    footer = json.dumps(head).encode()
    check = zlib.crc32(sums.tobytes(), zlib.crc32(footer))
    file.seek(shape[0] * length)
    file.write(footer + sums.tobytes() + _TAIL.pack(len(footer), check, _MAGIC))
    file.flush()
    return bad


def map_cache(file: BinaryIO, shape: Shape, bad: dict[int, str]) -> Mapped:
    """The rows of a file that is known to be whole; `file` may then be closed."""
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    rows = np.frombuffer(memory, np.uint8, math.prod(shape)).reshape(shape)
    return Mapped(rows, memory, bad)


def open_cache(path: Path, key: str, shape: Shape) -> Mapped | None:
    """The cache file at `path`, or None where there is none that is whole and has this `key`.

    All of it is read once: a CRC-32 for each row finds any flipped byte, at about 1 GB/s.
    """
    try:
        with open(path, "rb") as file:
            bad = _checked(file, key, shape)
            return None if bad is None else map_cache(file, shape, bad)
    except OSError:
        return None


def _checked(file: BinaryIO, key: str, shape: Shape) -> dict[int, str] | None:
    """{position: reason} of the bad images; None where the file is damaged or another one."""
    body = math.prod(shape)
    size = os.fstat(file.fileno()).st_size
    if not body + _TAIL.size < size < body + _TAIL.size + 1024 * (1 + shape[0]):
        return None
    file.seek(body)
    end = file.read()
    length, check, magic = _TAIL.unpack(end[-_TAIL.size :])
    footer, sums = end[:length], end[length : -_TAIL.size]
    if magic != _MAGIC or len(sums) != 4 * shape[0] or zlib.crc32(end[: -_TAIL.size]) != check:
        return None
    try:
        head: dict[str, Any] = strict_json(footer)
        bad = {int(position): str(reason) for position, reason in head["bad"]}
        if head["key"] != key or head["shape"] != list(shape):
            return None
    except (KeyError, TypeError, ValueError):  # a checksum is made by anybody
        return None
    return bad if _rows_fit(file, shape, np.frombuffer(sums, "<u4"), bad) else None


def _rows_fit(file: BinaryIO, shape: Shape, sums: np.ndarray, bad: dict[int, str]) -> bool:
    length = math.prod(shape[1:])
    at_once = max(1, _BLOCK // length)
    file.seek(0)
    for start in range(0, shape[0], at_once):
        block = memoryview(file.read(min(at_once, shape[0] - start) * length))
        for row, wanted in enumerate(sums[start : start + at_once].tolist()):
            found = zlib.crc32(block[row * length : (row + 1) * length])
            if found != wanted and start + row not in bad:
                return False
    return True
