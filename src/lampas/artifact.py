"""The one file of a saved run: a safetensors file whose metadata holds the description as JSON.

Nothing in it can run: it is numbers and text. Any safetensors reader opens it; the weights are
the tensors whose names begin with "weights/".
"""

import os
import platform
import stat
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from json import dumps
from typing import Any, BinaryIO, cast

import numpy as np
import torch
from torch import Tensor

from lampas.atomic import whole_file
from lampas.errors import ArtifactError, InputError
from lampas.foreign import foreign_file
from lampas.strict_json import strict_json
from lampas.tensorfile import read_header, read_tensors, write
from lampas.tree import Json, pack, unpack

_FORMAT = 1  # rises when older versions of Lampas could not read a new file rightly
_KEY = "lampas"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def _ours() -> str:
    """Kept, for to look it up takes two milliseconds."""
    try:
        return version("lampas")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "unknown"


def versions() -> dict[str, str]:
    """Of Lampas, torch, NumPy and Python."""
    return {
        "lampas": _ours(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


@dataclass(frozen=True, slots=True)
class Artifact:
    """A saved run, all of it values; `save` writes it, `read` gives it back equal.

    `kind`: who reads it: "model" for a net that the user brings, "tabular", and so on.
    `class_name`: the net's class, for messages only: nothing is imported by it.
    `content`: weights, optimisers, preparation, schema: whatever `lampas.tree.pack` takes.
    `metrics`: the scores to show without loading anything; `history`: the rows of `History`.
    `settings`: what was chosen for the run. `origin`: what else is needed to repeat it: the
    command, the seed, fingerprints of data and code. `versions`, `created`: of the libraries that
    wrote it, and when (ISO 8601, UTC).

    >>> import tempfile
    >>> artifact = Artifact("model", "Net", {"weights": {"a": torch.ones(2)}}, metrics={"auc": 0.9})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(artifact, f"{folder}/model.lampas")
    ...     read(f"{folder}/model.lampas").content["weights"]
    {'a': tensor([1., 1.])}
    """

    kind: str
    class_name: str
    content: Mapping[str, Any]
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    history: Sequence[Mapping[str, float]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    origin: Mapping[str, Any] = field(default_factory=dict[str, Any])
    versions: Mapping[str, str] = field(default_factory=versions)
    created: str = field(default_factory=_now)


def save(artifact: Artifact, path: str | os.PathLike[str]) -> None:
    """Write `artifact` to `path`: whole or not at all, on the disk when this returns.

    Missing folders are made; a file that was there is replaced only by a whole new one. Tensors
    may be on any device. Raises `InputError` for a value that a file cannot hold (named by its
    path) and for a place that cannot be written, `ArtifactError` where writing fails.
    """
    content, tensors = pack(dict(artifact.content))
    description = {
        "format": _FORMAT,
        "kind": artifact.kind,
        "class": artifact.class_name,
        "created": artifact.created,
        "versions": dict(artifact.versions),
        "metrics": _plain(_floats(artifact.metrics)),
        "history": _plain([_floats(row) for row in artifact.history]),
        "settings": _plain(dict(artifact.settings)),
        "origin": _plain(dict(artifact.origin)),
        "content": content,
    }
    text = dumps(description, allow_nan=False, separators=(",", ":"))
    with whole_file(path) as file:
        write(file, {"format": "pt", _KEY: text}, tensors)


def read(path: str | os.PathLike[str]) -> Artifact:
    """The artifact that `save` wrote to `path`; its tensors are on the CPU.

    Every size is checked before memory is taken for it, and every byte against the checksum.
    Raises `ArtifactError` with one line for whatever else may be there: nothing, a folder, a
    damaged file, one of another program, one of a newer Lampas.
    """
    name = os.fspath(path)
    try:
        # A pipe that nobody writes to would be waited for.
        if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
            raise ArtifactError(f"{name} is no regular file: name the .lampas file itself")
        with open(path, "rb") as file:
            return _read(file, name)
    except FileNotFoundError:
        raise ArtifactError(f"{name} is not there: check the path") from None
    except IsADirectoryError:
        raise ArtifactError(f"{name} is a folder: name the .lampas file in it") from None
    except OSError as error:
        raise ArtifactError(f"{name} cannot be read: {error.strerror or error}") from error


def _read(file: BinaryIO, name: str) -> Artifact:
    foreign = foreign_file(file, name)
    if foreign is not None:
        raise ArtifactError(foreign)
    with _damaged(name):
        header = read_header(file)
    if _KEY not in header.metadata:
        raise ArtifactError(
            f"{name} holds plain safetensors weights, no Lampas run: load them with "
            f"net.load_state_dict(safetensors.torch.load_file({name!r}))"
        )
    with _damaged(name):
        description = strict_json(header.metadata[_KEY], "its description")
        if not isinstance(description, dict):
            raise ArtifactError("its description is no JSON object")
    description = cast(dict[str, Any], description)
    written = description.get("format")
    if type(written) is int and written > _FORMAT:
        raise ArtifactError(
            f"{name} has format {written}, and this Lampas reads up to {_FORMAT}: "
            "pip install -U lampas"
        )
    with _damaged(name):
        return _artifact(description, read_tensors(file, header))


def _artifact(description: dict[str, Any], tensors: Mapping[str, Tensor]) -> Artifact:
    """Every field checked: whoever edits a file by hand can make its checksum right too."""
    kinds = {
        "kind": str,
        "class": str,
        "created": str,
        "versions": dict,
        "metrics": dict,
        "history": list,
        "settings": dict,
        "origin": dict,
        "content": dict,
    }
    description = {"origin": {}, **description}  # files of before 0.4 have none
    run: dict[str, Any] = {}
    for key, kind in kinds.items():
        run[key] = unpack(description.get(key), tensors)
        if not isinstance(run[key], kind):
            raise ArtifactError(f"its description has no {key!r}, or a wrong one")
    for key, wrong in {
        "history": not all(map(_is_row, run["history"])),
        "metrics": not _are_numbers(run["metrics"]),
        "weights": not isinstance(run["content"].get("weights", {}), dict),
        "versions": not all(isinstance(one, str) for one in run["versions"].values()),
    }.items():
        if wrong:
            raise ArtifactError(f"its description has no {key!r}, or a wrong one")
    run["class_name"] = run.pop("class")
    return Artifact(**run)


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and _are_numbers(row) and abs(row.get("epoch", 0)) < 2**53


def _are_numbers(given: dict[Any, Any]) -> bool:
    return all(type(name) is str and type(n) in (int, float) for name, n in given.items())


@contextmanager
def _damaged(name: str) -> Generator[None]:
    """Puts the file's name before what is wrong with its inside."""
    try:
        yield
    except ArtifactError as error:
        raise ArtifactError(f"{name} is damaged, or no Lampas file: {error}") from error


def _floats(numbers: Mapping[str, float]) -> dict[str, float]:
    """Plain numbers, whatever kind of scalar they are; an int, as an epoch's number, stays one."""
    return {name: n if type(n) is int else float(n) for name, n in numbers.items()}


def _plain(value: object) -> Json:
    json, tensors = pack(value)
    if tensors:
        name = next(iter(tensors))
        raise InputError(f"cannot save {name}: a tensor among the settings belongs in the content")
    return json
