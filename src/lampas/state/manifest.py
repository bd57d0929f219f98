"""The files of one checkpoint, and the manifest that vouches for each byte of them."""

import hashlib
import json
import os
import stat
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from torch import Tensor

from lampas.artifact import versions
from lampas.errors import ArtifactError
from lampas.state.snapshot import Snapshot, state_of
from lampas.state.state import State
from lampas.tensorfile import read_header, read_tensors, strict_json, write

MANIFEST = "manifest.json"
FORMAT = 1
"""Rises when older versions of Lampas could not read a new checkpoint rightly."""

_LARGEST = 100_000_000  # bytes of a manifest
_ZEROS = "0" * 64
_WEIGHTS, _REST = "weights", "rest"
_PARTS = {_WEIGHTS: ("weights",), "optimizer": ("optimizers", "averaging"), _REST: ()}
"""The files, and the fields of a state whose tensors are in them; the last has all others."""


class NewerFormatError(ArtifactError):
    """A checkpoint that a newer Lampas wrote: whole, and not ours to read."""


def write_parts(folder: Path, snapshot: Snapshot) -> None:
    """Write the files of a checkpoint into the empty `folder` and bring each to the disk."""
    parts: dict[str, Any] = {}
    for part, tensors in _sorted(snapshot.tensors).items():
        with _synced(folder / _file_of(part)) as file:
            write(file, {"format": "pt"}, tensors)
        parts[_file_of(part)] = _vouched(folder / _file_of(part))
    manifest = {
        "sha256": _ZEROS,
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "parts": parts,
        "on_device": sorted(snapshot.on_device),
        "state": snapshot.tree,
    }
    text = json.dumps(manifest, allow_nan=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    with _synced(folder / MANIFEST) as file:
        file.write(text.replace(_ZEROS, digest, 1).encode())


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest in `folder`, every byte checked against its own checksum.

    Raises `ArtifactError`, `NewerFormatError`, `OSError`.
    """
    with _opened(folder / MANIFEST) as file:
        if os.fstat(file.fileno()).st_size > _LARGEST:
            raise ArtifactError(f"its {MANIFEST} is larger than any")
        raw = file.read()
    found: Any = strict_json(raw)
    if not isinstance(found, dict):
        raise ArtifactError(f"its {MANIFEST} is no JSON object")
    found = cast(dict[str, Any], found)
    written = found.get("format")
    if type(written) is int and written > FORMAT:
        raise NewerFormatError(
            f"has format {written}, and this Lampas reads up to {FORMAT}: pip install -U lampas"
        )
    digest = found.get("sha256")
    cleared = raw.replace(digest.encode(), _ZEROS.encode(), 1) if _is_digest(digest) else b""
    if not cleared or hashlib.sha256(cleared).hexdigest() != digest:
        raise ArtifactError(f"the checksum of its {MANIFEST} is wrong")
    return found


def read_state(folder: Path, manifest: Mapping[str, Any]) -> State:
    """The state in `folder`, each file of it checked against the manifest before it is read.

    Raises `ArtifactError`, `OSError`. No name of a file is taken from the manifest.
    """
    parts, names = manifest.get("parts"), {_file_of(part) for part in _PARTS}
    if not isinstance(parts, dict) or cast(dict[str, Any], parts).keys() != names:
        raise ArtifactError(f"its {MANIFEST} names other files than {', '.join(sorted(names))}")
    tensors: dict[str, Tensor] = {}
    for part in _PARTS:
        read = _read_part(folder / _file_of(part), parts[_file_of(part)])
        prefix = "weights/" if part == _WEIGHTS else ""
        tensors |= {f"{prefix}{name}": one for name, one in read.items()}
    tree, away = manifest.get("state"), manifest.get("on_device")
    if not isinstance(tree, dict) or not isinstance(away, list):
        raise ArtifactError(f"its {MANIFEST} has no state")
    return state_of(Snapshot(cast(dict[str, Any], tree), tensors, frozenset(map(str, away))))


def _read_part(path: Path, vouched: Any) -> dict[str, Tensor]:
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if not isinstance(vouched, dict) or vouched.get("bytes") != size:
            raise ArtifactError(f"its {path.name} has {size:,} bytes, not those of the manifest")
        digest = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
        if digest != cast(dict[str, Any], vouched).get("sha256"):
            raise ArtifactError(f"the checksum of its {path.name} is wrong")
        file.seek(0)
        return read_tensors(file, read_header(file))


def _sorted(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The tensors of each file, the weights under the net's own names."""
    homes = {field: part for part, fields in _PARTS.items() for field in fields}
    found: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
    for name, tensor in tensors.items():
        field, _, rest = name.partition("/")
        part = homes.get(field, _REST)
        found[part][rest if part == _WEIGHTS else name] = tensor
    return found


def _file_of(part: str) -> str:
    return f"{part}.safetensors"


def _vouched(path: Path) -> dict[str, Any]:
    """Size and digest of what was written, read again: what is wrong by then is found later."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": os.fstat(file.fileno()).st_size, "sha256": digest}


@contextmanager
def _synced(path: Path) -> Generator[BinaryIO]:
    with path.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO]:
    """A file to read that is one: no link to another place, no pipe that never ends."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ArtifactError(f"its {path.name} is no regular file")
        yield file


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64
