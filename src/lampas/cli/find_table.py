"""What is wrong with data that are neither images nor texts, where they are no table either."""

import os
from collections.abc import Sequence
from pathlib import Path

from lampas.cli.find_text import is_table, is_text
from lampas.cli.usage import UsageError
from lampas.errors import DataError
from lampas.formats import format_in

_READ = ("a Parquet file", "a gzip file")  # which tables come in


def require(data: Sequence[str], targets: Sequence[str]) -> None:
    """Raise `DataError` at the first path that is no table, and `UsageError` for a lone text."""
    for path in data:
        if os.path.isdir(path):
            if _holds_tables(path):
                return  # reading it says which there are
            raise DataError(f"{path}: {_lack(path)}")
        if not os.path.getsize(path):
            raise DataError(f"{path}: the file is empty")
        known = format_in(path)
        if known is not None and known not in _READ:
            raise DataError(f"{path} is {known}: neither a table nor text")
    first = Path(data[0])
    if not targets and len(data) == 1 and is_text(first) and not is_table(first):
        raise UsageError(
            f"{first}: one file of texts is one class alone: name a file for each class; if it is "
            "a table, add --target COLUMN"
        )


def _holds_tables(folder: str) -> bool:
    return any(is_table(path) and path.suffix != ".txt" for path in Path(folder).iterdir())


def _lack(folder: str) -> str:
    """What is not in a folder that holds neither images nor texts."""
    there = sorted(path.name for path in Path(folder).iterdir() if path.name[0] != ".")
    if not there:
        return "nothing in it"
    if next((names for _, _, names in os.walk(folder) if names), None) is None:
        return f"nothing in its folders ({few(there)})"
    return (
        "neither images (.jpg, .png, .webp, .bmp, .gif, .tif) nor texts (.txt) in it, only "
        f"{few(there)}"
    )


def few(names: Sequence[str], most: int = 6) -> str:
    """The first `most` of `names`, and how many there are.

    >>> few("abc", 2)
    'a, b, … (3 in all)'
    """
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, … ({len(names)} in all)"
