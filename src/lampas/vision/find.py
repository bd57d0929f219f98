"""From what a user names to the images that are there, and what they show."""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lampas.errors import DataError
from lampas.formats import format_in
from lampas.tables.schema import Column, Schema
from lampas.vision import archive, layout, table
from lampas.vision.decode import SUFFIXES
from lampas.vision.layout import Layout, Part
from lampas.vision.listing import Listing, labelled, unlabelled
from lampas.vision.source import Folder, Source
from lampas.vision.tree import Tree, is_one_image, walk

ImagesLike = str | Path | pd.DataFrame | Sequence[str | Path]

TARGET = "class"
"""What the classes of folders are called where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Found:
    """What `find_images` found. `held_out`: the images that folders say to validate on.

    `notes`: lines for people, about what was left alone.
    """

    train: Listing
    held_out: Listing | None = None
    notes: tuple[str, ...] = ()

    @property
    def tested(self) -> Listing:
        """Those to evaluate a trained run on: the held-out ones where there are such."""
        return self.train if self.held_out is None else self.held_out

    @property
    def everything(self) -> Listing:
        """All of them, as prediction wants them."""
        if self.held_out is None:
            return self.train
        frame = pd.concat([self.train.frame, self.held_out.frame])
        return replace(self.train, names=self.train.names + self.held_out.names, frame=frame)


def find_images(
    source: ImagesLike,
    *,
    targets: str | Sequence[str] | None = None,
    image_column: str | None = None,
    like: Schema | None = None,
) -> Found:
    """The images in `source`, with what they show.

    source: a folder with a folder of images for each class, `root/class/*.jpg`, or with two
        parts of such, `root/train/class/*.jpg` beside `root/test`, `val`, `valid` or
        `validation`; a .tar (also .gz, .bz2, .xz) or .zip of such; a .csv, .tsv or .parquet
        file, or a DataFrame, with a column of paths and others of labels; with `like`, also one
        image, or a list of images.
    targets: the columns to predict; of a folder or archive, what to call the class ("class").
        image_column: the table's column of paths. None: see `lampas.vision.table.from_table`.
    like: the schema of a trained run, for evaluation and prediction. Its targets are read where
        they are there: call `Listing.check` where they have to be.

    Folders: see `lampas.vision.layout.find_layout`. Images are known by their suffix (.jpg,
    .jpeg, .png, .webp, .bmp, .gif, .tif, .tiff), and nothing is opened yet; one that is passed
    alone is known by its first bytes, too. Files and folders that begin with a dot are left out,
    and other files too. Raises `DataError`, one line with
    what, where and the fix.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as pets:
    ...     for name in ("train/cat/1.jpg", "train/dog/2.jpg", "test/cat/3.jpg", "test/dog/4.jpg"):
    ...         Path(pets, name).parent.mkdir(parents=True)
    ...         Path(pets, name).touch()
    ...     found = find_images(pets)
    >>> found.train.names, found.held_out.names, found.train.schema.task
    (('train/cat/1.jpg', 'train/dog/2.jpg'), ('test/cat/3.jpg', 'test/dog/4.jpg'), 'binary')
    """
    wanted = [targets] if isinstance(targets, str) else list(targets or ())
    if isinstance(source, pd.DataFrame):
        return Found(table.from_table(source, wanted, image_column, like))
    if isinstance(source, (str, Path)):
        path = os.fspath(source)
        if not is_one_image(path):
            return _from_path(path, wanted, image_column, like)
        source = [path]
    return Found(_from_list(_paths(source), like))


def _from_path(
    path: str, targets: Sequence[str], image_column: str | None, like: Schema | None
) -> Found:
    if not os.path.isdir(path) and table.is_table(path):
        return Found(table.from_table(path, targets, image_column, like))
    tree, source = _tree(path)
    with _doubt_told(tree):
        return _from_tree(tree, source, targets, like)


def _paths(source: Any) -> list[str]:
    if isinstance(source, (list, tuple)) and all(isinstance(one, (str, Path)) for one in source):
        return [os.fspath(one) for one in source]
    raise DataError(
        "images come from a folder, an archive, a table or a list of paths, not from "
        f"{type(source).__name__}"
    )


def _tree(path: str) -> tuple[Tree, Source]:
    if os.path.isdir(path):
        return walk(path), Folder(path)
    if not os.path.exists(path):
        raise DataError(f"{path}: no such file or folder")
    if archive.is_archive(path):
        return archive.list_archive(path), archive.Archive(path)
    raise DataError(
        f"{path} is no image (.jpg, .png, .webp, .bmp, .gif, .tif); several come from a folder, a "
        ".tar or .zip, or a table that names them (.csv, .tsv, .parquet)"
    )


@contextmanager
def _doubt_told(tree: Tree) -> Generator[None]:
    """What is wrong with a tree may come of what is missing from it."""
    try:
        yield
    except DataError as error:
        if not tree.doubt:
            raise
        raise DataError(f"{error}; {tree.doubt}") from None


def _from_tree(tree: Tree, source: Source, targets: Sequence[str], like: Schema | None) -> Found:
    if len(targets) > 1:
        raise DataError(
            f"{tree.where}: folders say one thing of an image, its class; for {len(targets)} "
            "targets pass a table with paths and labels"
        )
    found = layout.find_layout(tree)
    notes = [f"{one} is left alone; {found.held_out} is held out" for one in found.others]
    notes += [tree.doubt] if tree.doubt else []
    if like is None:
        return _to_learn(tree, source, found, targets[0] if targets else TARGET, notes)
    if not tree.images:
        raise DataError(f"{tree.where}: no images in it (of {', '.join(SUFFIXES)})")
    held_out = None if found.held_out is None else _as_known(tree, source, found.held_out, like)
    return Found(_as_known(tree, source, found.train, like), held_out, tuple(notes))


def _to_learn(
    tree: Tree, source: Source, found: Layout, target: str, notes: Sequence[str]
) -> Found:
    train = layout.read_classes(tree, found.train)
    held = None if found.held_out is None else layout.read_classes(tree, found.held_out)
    line = layout.check_classes(tree, train, held)
    classes = tuple(sorted(set(train.classes)))
    task = "binary" if len(classes) == 2 else "multiclass"
    column = Column(target, "target", values=classes)
    schema = Schema((column,), task)
    return Found(
        _listing(source, train, schema),
        None if held is None else _listing(source, held, schema),
        (*notes, *([line] if line else [])),
    )


def _as_known(tree: Tree, source: Source, folder: str, like: Schema) -> Listing:
    names = tuple(tree.under(folder))
    if tree.loose(folder) or like.task not in ("binary", "multiclass"):
        return Listing(names, source, unlabelled(names), like)
    classes = tuple(layout.classes_of(names, folder))
    return _listing(source, Part(folder, names, classes), like)


def _listing(source: Source, part: Part, schema: Schema) -> Listing:
    frame = labelled(part.names, part.classes, schema.targets[0].name)
    return Listing(part.names, source, frame, schema)


def _from_list(paths: list[str], like: Schema | None) -> Listing:
    if like is None:
        given = "a list of images"
        if len(paths) == 1:
            given = f"{paths[0]} is {format_in(paths[0]) or 'an image'}, and one"
        raise DataError(
            f"{given} does not say what is to be learnt: pass a folder with a folder for each "
            "class, or a table with paths and labels"
        )
    if not paths:
        raise DataError("the list of images is empty")
    gone = next((path for path in paths if not os.path.isfile(path)), None)
    if gone is not None and os.path.isdir(gone):
        raise DataError(f"{gone} is a folder, among single images: pass it alone")
    if gone is not None:
        raise DataError(f"{gone}: no such image")
    return Listing(tuple(paths), Folder(""), unlabelled(paths), like)
