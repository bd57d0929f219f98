"""What a run was made of, to be known again: its data by their bytes, its code, its commit."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_FILES, _BYTES = 2000, 64 << 20  # of a folder that is read whole
_PATIENCE = 5.0  # seconds for git, which may have a large tree to look through


def origin(
    data: Sequence[str], validation: Path | float | None, net: type | None
) -> dict[str, Any]:
    """What `run.json` holds under "data" and "code".

    data: the paths to train on. validation: the path of held-out data; a share or None is no
    path. net: the class of the user's own net. See `of_path` and `of_code`.
    """
    held_out = [str(validation)] if isinstance(validation, Path) else []
    sides = (("training", data), ("validation", held_out))
    return {
        "data": [{"side": side, **of_path(Path(path))} for side, paths in sides for path in paths],
        "code": of_code(net),
    }


def of_path(path: Path) -> dict[str, Any]:
    """A file's or a folder's fingerprint; plain values.

    Of a file: "path", "bytes", "sha256". The digest costs about a second for a gigabyte; to read a
    table or decode an archive costs many times that. Of a table of paths to images it is the
    table's alone.

    Of a folder: "path", "files", "bytes" and "sha256", that of the files' names below it with
    their digests. A folder of more than 2 000 files or 64 MiB is not read for this: "listing"
    takes the place of "sha256", a digest of names, sizes and times of change. The same bytes
    then have another fingerprint in a copy that did not keep the times.

    What cannot be read, or is a pipe that can be read but once, has "path" alone: a fingerprint
    is no reason to fail.
    """
    try:
        if path.is_dir():
            return {"path": str(path), **_of_folder(path)}
        return {"path": str(path), **(_of_file(path) if path.is_file() else {})}
    except OSError:
        return {"path": str(path)}


def _of_file(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": _digest(path)}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _of_folder(folder: Path) -> dict[str, Any]:
    files = sorted((path.relative_to(folder).as_posix(), path) for path in _below(folder))
    known = [path.stat() for _, path in files]
    size = sum(one.st_size for one in known)
    counted = {"files": len(files), "bytes": size}
    if len(files) <= _FILES and size <= _BYTES:
        return {**counted, "sha256": _of_lines(f"{name}\0{_digest(path)}" for name, path in files)}
    stamps = zip(files, known, strict=True)
    lines = (f"{name}\0{one.st_size}\0{one.st_mtime_ns}" for (name, _), one in stamps)
    return {**counted, "listing": _of_lines(lines)}


def _below(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from filter(Path.is_file, (Path(place) / name for name in names))


def _of_lines(lines: Iterator[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def of_script() -> dict[str, Any]:
    """The program that runs ("script": "path", "bytes", "sha256"), not what it imports; {} in a
    notebook or at a prompt. With "commit" and "dirty" as `of_code` has them."""
    script = Path(sys.argv[0] if sys.argv else "")
    found = {"script": of_path(script)} if script.suffix == ".py" and script.is_file() else {}
    return {**found, **_commit()}


def of_code(net: type | None) -> dict[str, Any]:
    """The file of the user's own net ("net": "path", "bytes", "sha256"), not what it imports;
    and where the current folder is in a git work tree, "commit" and "dirty": whether tracked
    files were changed since."""
    found: dict[str, Any] = {}
    source = None if net is None else getattr(sys.modules.get(net.__module__), "__file__", None)
    if source is not None:
        found["net"] = of_path(Path(source))
    return {**found, **_commit()}


def _commit() -> dict[str, Any]:
    """By git itself, which alone knows its work trees; {} without it. It is told to take no lock
    and to start no program that the repository's settings name."""
    command = ["git", "-c", "core.fsmonitor=false", "status", "--porcelain=v2", "--branch",
               "--untracked-files=no", "--ignore-submodules"]  # fmt: skip
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            command, capture_output=True, env=quiet, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    told = done.stdout.decode(errors="replace").splitlines()
    commits = [line.split()[-1] for line in told if line.startswith("# branch.oid ")]
    if not commits or commits[0] == "(initial)":
        return {}
    return {"commit": commits[0], "dirty": any(not line.startswith("#") for line in told)}
