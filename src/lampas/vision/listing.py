"""Images that were found, and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lampas.errors import DataError
from lampas.tables.schema import Column, Schema
from lampas.vision.source import Source


@dataclass(frozen=True, slots=True)
class Listing:
    """N images that were found, and what they show.

    `names`: (N) what they are called in `source`, which has their bytes. `frame`: a row an
    image, with the name as index, and the target columns; it has none where what the images
    show is not known. `schema`: the targets, each a `Column` of kind "target" with its classes,
    and the task.
    """

    names: tuple[str, ...]
    source: Source
    frame: pd.DataFrame
    schema: Schema

    def __len__(self) -> int:
        return len(self.names)

    def take(self, positions: Sequence[int] | np.ndarray) -> "Listing":
        """The images at `positions`, in that order."""
        names = tuple(self.names[position] for position in positions)
        return replace(self, names=names, frame=self.frame.take(list(positions)))

    def check(self) -> "Listing":
        """Itself, when it says of every image what it shows, in classes that `schema` has.

        Raises `DataError` otherwise, as evaluation must.
        """
        if not len(self.frame.columns):
            wanted = ", ".join(column.name for column in self.schema.targets)
            raise DataError(
                f"nothing says what the images show ({wanted}): put them into a folder for each "
                f"class, or pass a table with these columns{_classes(self.schema.targets)}"
            )
        self.schema.check(self.frame, targets=True)
        return self


def _classes(targets: Sequence[Column]) -> str:
    if len(targets) != 1 or not targets[0].values:
        return ""
    return f"; the classes are {targets[0].summary()}"


def labelled(names: Sequence[str], classes: Sequence[str], target: str) -> pd.DataFrame:
    """The frame of images that each show one class: `classes` (N), in a column `target`."""
    # One copy of each class's name, however many images show it.
    values = pd.Categorical(list(classes))
    return pd.DataFrame({target: values}, index=index_of(names))


def unlabelled(names: Sequence[str]) -> pd.DataFrame:
    """The frame of images of which nothing is known."""
    return pd.DataFrame(index=index_of(names))


def index_of(names: Sequence[str]) -> pd.Index:
    """The names as rows are called by; objects, which share the memory of `names`."""
    return pd.Index(list(names), dtype=object, name="image")
