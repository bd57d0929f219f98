"""Where a data set lies: in the package, below LAMPAS_DATA, in the user's cache, or not here."""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import lampas
from lampas.cache import cache_folder
from lampas.datasets.catalogue import DATASETS, Dataset
from lampas.errors import DataError, InputError, unknown_name


def known(name: str) -> Dataset:
    """The data set of that name, or `UnknownNameError`."""
    if name not in DATASETS:
        raise unknown_name("data set", name, DATASETS)
    return DATASETS[name]


def located(name: str) -> Path:
    """The data set's file, or the folder of its files, checked; brought there if need be.

    Raises `DataError` where a file below LAMPAS_DATA or in the package is another one; a wrong
    file in the cache is ours, and is brought again.
    """
    wanted = known(name)
    found = here(name)
    lying = _in_shared(wanted) if found is None or cache() in found[0].parents else []
    wrong = _first_wrong(wanted, [*lying, *(found or [])])
    if found is not None and wrong is None:
        return _whole(found)
    if wrong is not None and cache() not in wrong.parents:
        raise _is_another(wanted, wrong)
    from lampas.datasets.bring import bring

    _tell_what_lacks(name, wanted)
    bring(name, wanted, cache())
    return _whole([cache() / wanted.folder / file.name for file in wanted.files])


def here(name: str) -> list[Path] | None:
    """The data set's files on this machine, unchecked; None where one is missing.

    Raises `InputError` where LAMPAS_DATA names no folder.
    """
    wanted = known(name)
    if wanted.comes_with_us:
        return [_package() / wanted.folder / file.name for file in wanted.files]
    for root in (*_shared(), cache()):
        found = _files_in(root / wanted.folder, wanted)
        if found is not None:
            return found
    return None


def cache() -> Path:
    """The folder of what was brought: in LAMPAS_CACHE where it is set, else in the user's cache."""
    return cache_folder("datasets")


def sha256(path: Path) -> str:
    """The file's digest, as 64 hexadecimal digits."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error


def _package() -> Path:
    return Path(lampas.__file__).parent / "data_files"


def _shared() -> list[Path]:
    folder = os.environ.get("LAMPAS_DATA")
    if not folder:
        return []
    if not Path(folder).is_dir():
        raise InputError(
            f"LAMPAS_DATA is {folder}, and there is no such folder: correct it, or unset it"
        )
    return [Path(folder).absolute()]


def _in_shared(wanted: Dataset) -> list[Path]:
    """Those files of the data set that are below LAMPAS_DATA, where others of it lack."""
    places = [root / wanted.folder for root in _shared()]
    forms = [name for file in wanted.files for name, _ in file.forms]
    return [place / name for place in places for name in forms if (place / name).is_file()]


def _tell_what_lacks(name: str, wanted: Dataset) -> None:
    there = {path.name for path in _in_shared(wanted)}
    gone = [file.name for file in wanted.files if not there & {form for form, _ in file.forms}]
    for root in _shared() if gone else []:
        print(
            f"{name}: {root / wanted.folder}, below LAMPAS_DATA, lacks {' and '.join(gone)}: "
            f"the data set is brought into {cache()}",
            file=sys.stderr,
        )


def _files_in(folder: Path, wanted: Dataset) -> list[Path] | None:
    """The files of the data set in `folder`, each in one of its forms; None unless all are."""
    found = [
        [folder / name for name, _ in file.forms if (folder / name).is_file()]
        for file in wanted.files
    ]
    return [paths[0] for paths in found] if all(found) else None


def _first_wrong(wanted: Dataset, found: Sequence[Path]) -> Path | None:
    for path in found:
        if sha256(path) != _expected(wanted, path):
            return path
    return None


def _expected(wanted: Dataset, path: Path) -> str:
    return next(digest for file in wanted.files for name, digest in file.forms if name == path.name)


def _is_another(wanted: Dataset, path: Path) -> DataError:
    return DataError(
        f"{path} has the sha-256 {sha256(path)}, not {_expected(wanted, path)}: it is damaged or "
        "another version; replace it, or take it away"
    )


def _whole(found: Sequence[Path]) -> Path:
    return found[0] if len(found) == 1 else found[0].parent
