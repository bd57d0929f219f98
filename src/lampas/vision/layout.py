"""What the folders around images say: which part is held out, and what each image shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from lampas.errors import DataError
from lampas.vision.tree import Tree

_TRAIN = ("train", "training")
_HELD_OUT = ("val", "valid", "validation", "test", "testing")  # the first that is there


@dataclass(frozen=True, slots=True)
class Part:
    """The images in one folder of the tree ("" is the top): `names`, and their `classes`."""

    folder: str
    names: tuple[str, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders that hold the class folders. `others`: more of the kind, which are left alone."""

    train: str
    held_out: str | None
    others: tuple[str, ...] = ()


def find_layout(tree: Tree) -> Layout:
    """Where the class folders of `tree` are.

    A folder that holds nothing but another one with folders in it is passed through, as an
    archive's top folder is. Then, folders named train (or training) and val, valid, validation,
    test or testing are the two parts, where both are there; else the folders are the classes.

    >>> names = ("d/test/cat/1.png", "d/train/cat/2.png")
    >>> folders = frozenset({"d", "d/test", "d/test/cat", "d/train", "d/train/cat"})
    >>> find_layout(Tree("x", names, folders))
    Layout(train='d/train', held_out='d/test', others=())
    """
    top = _unwrapped(tree)
    found = {name.lower(): name for name in tree.inside(top)}
    trains = [found[name] for name in _TRAIN if name in found]
    helds = [found[name] for name in _HELD_OUT if name in found]
    if not trains or not helds:
        return Layout(top, None)
    start = f"{top}/" if top else ""
    others = tuple(start + name for name in [*trains[1:], *helds[1:]])
    return Layout(start + trains[0], start + helds[0], others)


def _unwrapped(tree: Tree) -> str:
    top = ""
    while len(below := tree.inside(top)) == 1 and not tree.loose(top):
        inner = f"{top}/{below[0]}" if top else below[0]
        if not tree.inside(inner):
            break
        top = inner
    return top


def read_classes(tree: Tree, folder: str) -> Part:
    """The images in the class folders of `folder`, however deep in them.

    Raises `DataError`: no class folders, an image beside them, one without images.
    """
    names = tree.under(folder)
    where = _shown(tree, folder)
    classes = tree.inside(folder)
    loose = tree.loose(folder)
    if not names:
        raise DataError(f"{where}: no images in it (of .jpg, .png, .webp, .bmp, .gif, .tif)")
    if not classes:
        raise DataError(
            f"{where}: images, but no folder that says what they show: put those of each class "
            "into a folder with its name, or pass a table with their paths and labels"
        )
    if loose:
        raise DataError(
            f"{where}: image {loose[0]!r} lies beside the class folders ({_few(classes)}): "
            "move it into one of them"
        )
    shown = classes_of(names, folder)
    empty = sorted(set(classes) - set(shown))
    if empty:
        raise DataError(f"{where}: class folder {empty[0]!r} holds no image: fill or remove it")
    return Part(folder, tuple(names), tuple(shown))


def classes_of(names: Sequence[str], folder: str) -> list[str]:
    """The class folder in `folder` that each of `names` lies in."""
    start = len(folder) + 1 if folder else 0
    once: dict[str, str] = {}  # one string a class, not one an image
    found = (name[start : name.index("/", start)] for name in names)
    return [once.setdefault(one, one) for one in found]


def check_classes(tree: Tree, train: Part, held_out: Part | None) -> str | None:
    """A line for people where some classes are not held out.

    Raises `DataError` where only one class is there to learn, or one is held out that is not.
    """
    known = sorted(set(train.classes))
    if len(known) < 2:
        raise DataError(
            f"{_shown(tree, train.folder)}: only one class, {known[0]!r}: nothing to learn"
        )
    if held_out is None:
        return None
    strange = sorted(set(held_out.classes) - set(known))
    if strange:
        raise DataError(
            f"{_shown(tree, held_out.folder)}: class {strange[0]!r} is not among those to learn "
            f"from in {train.folder} ({_few(known)}): the folders must have the same names"
        )
    lacking = sorted(set(known) - set(held_out.classes))
    return f"{held_out.folder} has no image of {_few(lacking)}" if lacking else None


def _shown(tree: Tree, folder: str) -> str:
    return f"{tree.where}/{folder}" if folder else tree.where


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f", … ({len(names)} in all)" if len(names) > 6 else "")
