"""A table that names images and says what they show."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lampas.errors import DataError
from lampas.tables import cells
from lampas.tables.infer import infer
from lampas.tables.read import read_table
from lampas.tables.schema import Schema, pick
from lampas.vision.listing import Listing, index_of
from lampas.vision.source import Folder
from lampas.vision.tree import is_image

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq", ".csv.gz", ".tsv.gz")


def is_table(path: str) -> bool:
    """Whether the suffix of `path` is one of a table."""
    return path.lower().endswith(SUFFIXES)


def from_table(
    source: str | Path | pd.DataFrame,
    targets: Sequence[str],
    image_column: str | None,
    like: Schema | None,
) -> Listing:
    """The images that the rows of a table name, with the columns `targets`.

    source: a file, whose folder the paths start from, or a DataFrame, whose paths start from
        the current folder. image_column: the column with the paths; None takes the one whose
        cells all end like images. targets: empty takes the only other column. like: the schema
        of a trained run, which says the targets; they may then be missing, all of them.

    Raises `DataError`: as `read_table` and `infer` do; no column of paths, or several; several
    columns that may be the target; a row without a path, or whose image is not there.
    """
    frame = read_table(source)
    where = "the table" if isinstance(source, pd.DataFrame) else str(source)
    root = "" if isinstance(source, pd.DataFrame) else os.path.dirname(str(source))
    image = image_column or _image_column(frame, where)
    names = _paths(pick(frame, image), where, root)
    if like is None:
        schema = _schema(frame, image, list(targets) or [_only_other(frame, image, where)])
    else:
        schema = like
    wanted = [column.name for column in schema.targets]
    known = frame[wanted] if like is None or set(wanted) <= set(frame.columns) else frame[[]]
    return Listing(tuple(names), Folder(root), known.set_axis(index_of(names)), schema)


def _schema(frame: pd.DataFrame, image: str, targets: list[str]) -> Schema:
    if image in targets:
        raise DataError(f"column {image!r} has the images' paths: it cannot be the target")
    there = [name for name in (image, *targets) if name in frame.columns]
    columns = frame if len(there) <= len(targets) else frame[there]  # one is missing: infer tells
    schema = infer(columns, targets, {image: "text"})
    return Schema(schema.targets, schema.task)


def _image_column(frame: pd.DataFrame, where: str) -> str:
    found = [str(name) for name in frame.columns if holds_images(frame[name])]
    if len(found) == 1:
        return found[0]
    columns = ", ".join(map(repr, found or frame.columns))
    what = "several columns hold" if found else "no column holds"
    raise DataError(f"{where}: {what} paths of images; pass image_column=, one of {columns}")


def holds_images(column: pd.Series) -> bool:
    """Whether all cells of a column that are there end as images do."""
    words = [word for word in cells.labels(column) if word is not None]
    return bool(words) and all(is_image(word) for word in words)


def _only_other(frame: pd.DataFrame, image: str, where: str) -> str:
    others = [str(name) for name in frame.columns if name != image]
    if len(others) == 1:
        return others[0]
    if not others:
        raise DataError(f"{where}: no column beside {image!r} says what the images show")
    raise DataError(
        f"{where}: name the target column, or several: one of {', '.join(map(repr, others))}"
    )


def _paths(column: pd.Series, where: str, root: str) -> list[str]:
    words = cells.labels(column)
    gone = np.array([word is None for word in words], dtype=bool)
    if gone.any():
        row = column.index[int(gone.argmax())]
        raise DataError(f"{where}: row {row} has no path in column {str(column.name)!r}")
    for row, word in zip(column.index, words, strict=True):
        if not os.path.isfile(os.path.join(root, word)):
            raise DataError(f"{where}: row {row}: no such image: {os.path.join(root, word)}")
    return [str(word) for word in words]
