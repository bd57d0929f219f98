"""Whether what was named to train on is images: a look at names, and at a table's first lines."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

_LOOKED_AT = 2000  # names: among so many there is an image, or they are no images
_HEAD = 1 << 16  # bytes


def fits(data: Sequence[str], targets: Sequence[str], encoding: str) -> bool:
    """Whether `data` names images: files, a folder or archive that holds some, or a table whose
    only column beside `targets` (or beside one other, where none is named) has their paths."""
    from lampas.vision import archive, table, tree

    first = data[0]
    if all(map(tree.is_one_image, data)):
        return True
    if os.path.isdir(first):
        return any(map(tree.is_image, islice(_below(first), _LOOKED_AT)))
    if not os.path.isfile(first):
        return False
    if archive.is_archive(first):
        return any(map(tree.is_image, islice(_members(first), _LOOKED_AT)))
    return table.is_table(first) and _lists_images(first, targets, encoding)


def _below(folder: str) -> Iterator[str]:
    for _, _, names in os.walk(folder):
        yield from names


def _members(path: str) -> Iterator[str]:
    from lampas.vision.archive import DAMAGE
    from lampas.vision.whole_tar import opened

    try:
        if path.lower().endswith(".zip"):
            with zipfile.ZipFile(path) as zipped:
                yield from zipped.namelist()
        else:
            with opened(path) as tar:
                yield from (member.name for member in tar.in_turn())
    except DAMAGE:
        yield "damaged.png"  # no other kind of data comes in archives: images' reader will tell


def _lists_images(path: str, targets: Sequence[str], encoding: str) -> bool:
    from lampas.tables.read import read_table
    from lampas.vision import decode, table

    if not path.lower().endswith((".gz", ".parquet", ".pq")):  # most tables are told at once
        with Path(path).open("rb") as file:
            head = file.read(_HEAD).lower()
        if not any(suffix.encode() in head for suffix in decode.SUFFIXES):
            return False
    try:
        frame = read_table(path, encoding=encoding)
    except ValueError:  # which all of its errors are
        return False  # the reader of tables will say what is wrong
    held = [name for name in frame.columns if table.holds_images(frame[name])]
    others = [name for name in held if name not in targets]
    # Counted, for a target may be misspelt: the reader of images asks what was meant.
    return len(others) == 1 and len(frame.columns) == 1 + max(1, len(set(targets)))
