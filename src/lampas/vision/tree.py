"""The images under a folder, by name, before anybody asks what they show."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lampas.errors import DataError
from lampas.formats import format_in
from lampas.vision.decode import SUFFIXES

_NOT_DATA = "__MACOSX"  # what the Finder adds to a zip


@dataclass(frozen=True, slots=True)
class Tree:
    """Images and folders, as paths with "/" from the top, which `where` is the name of.

    `images` are those with a suffix of `SUFFIXES`, in any case. What begins with a dot is
    hidden, and in neither of the two. `doubt`: a line for people, where some may be missing.
    """

    where: str
    images: tuple[str, ...]
    folders: frozenset[str]
    doubt: str = ""

    def inside(self, folder: str) -> list[str]:
        """The folders directly in `folder` ("" is the top), in order.

        >>> Tree("pets", (), frozenset({"a", "a/x", "b"})).inside("")
        ['a', 'b']
        """
        start = f"{folder}/" if folder else ""
        below = {one[len(start) :] for one in self.folders if one.startswith(start)}
        return sorted(one for one in below if one and "/" not in one)

    def under(self, folder: str) -> list[str]:
        """The images in `folder`, however deep, in the order they have."""
        start = f"{folder}/" if folder else ""
        return [name for name in self.images if name.startswith(start)]

    def loose(self, folder: str) -> list[str]:
        """The images directly in `folder`."""
        start = len(folder) + 1 if folder else 0
        return [name for name in self.under(folder) if "/" not in name[start:]]


def make_tree(where: str, names: Iterable[str], folders: Iterable[str] = ()) -> Tree:
    """A tree of the files `names`, of which the images are kept, and of `folders`, which may be
    empty ones; all folders above either are among them.

    >>> make_tree("x", ["a/1.JPG", "a/b/2.png", "a/notes.txt", ".hid/3.png"]).images
    ('a/1.JPG', 'a/b/2.png')
    """
    shown = [name for name in names if not _hidden(name)]
    every = {folder for folder in folders if not _hidden(folder)}
    for path in {name.rpartition("/")[0] for name in shown} | every:
        while path:
            every.add(path)
            path = path.rpartition("/")[0]
    return Tree(where, tuple(name for name in shown if is_image(name)), frozenset(every))


def is_image(name: str) -> bool:
    """Whether the suffix of `name` is one of an image."""
    return name.lower().endswith(SUFFIXES)


def is_one_image(path: str) -> bool:
    """Whether `path` is that of an image, by its suffix or, where there is a file, its content."""
    if os.path.isdir(path):
        return False
    return is_image(path) or (format_in(path) or "").endswith(" image")


def walk(root: str) -> Tree:
    """The tree under the folder `root`, its images sorted folder by folder.

    Links are followed; one that leads back to a folder above it is an error. Files that are no
    images by their suffix are left out.

    Raises `DataError` for such a link, and for a folder that cannot be read.
    """
    folders: set[str] = set()
    images = tuple(_visit(root, "", {}, folders))
    return Tree(root, images, frozenset(folders))


def _visit(
    root: str, inside: str, above: dict[tuple[int, int], str], folders: set[str]
) -> Iterator[str]:
    path = os.path.join(root, inside) if inside else root
    try:
        status = os.stat(path)
        here = status.st_dev, status.st_ino
        if here in above:
            raise DataError(f"{path}: a link that leads back to {above[here]}: remove it")
        files, below = _entries(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    start = f"{inside}/" if inside else ""
    folders.update(f"{start}{name}" for name in below)
    yield from (f"{start}{name}" for name in files if is_image(name))
    for name in below:
        yield from _visit(root, f"{start}{name}", {**above, here: path}, folders)


def _entries(path: str) -> tuple[list[str], list[str]]:
    """The names of files and of folders in a folder, sorted, without the hidden ones."""
    files: list[str] = []
    folders: list[str] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if not _hidden(entry.name):
                (folders if _is_folder(entry) else files).append(entry.name)
    return sorted(files), sorted(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself: reading it will tell
        return False


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == _NOT_DATA for part in name.split("/"))
