"""From what was passed as data to albums: the training's, the held-out one's, one to predict."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from lampas.errors import InputError, ShapeError
from lampas.splits import split_rows
from lampas.tables.infer import infer
from lampas.tables.one_hot import one_hot_remark
from lampas.tables.schema import Schema
from lampas.vision.album import Album
from lampas.vision.arrays import ArrayPixels, frame_of, is_images, is_pair, pixels_of
from lampas.vision.digest import shared_images
from lampas.vision.find import ImagesLike, find_images
from lampas.vision.listing import Listing
from lampas.vision.pixels import Pixels, load_pixels
from lampas.vision.policy import Skipped, told
from lampas.vision.survey import survey

DataLike = ImagesLike | tuple[Any, Any]
Size = int | tuple[int, int]

_AS_IT_IS = 64  # pixels: images up to this size keep it
_LARGEST, _STEP = 128, 16


@dataclass(frozen=True, slots=True)
class Gathered:
    """Images that were read, as `lampas.images` trains on them.

    `schema`: what is to be predicted. `train`, `held_out`: the two sides; the latter may be
    None. `size`: (H, W) in pixels. `skipped`: files that could not be decoded. `notes`: lines
    for people, about what was left alone or stands in both sides.
    """

    schema: Schema
    train: Album
    held_out: Album | None
    size: tuple[int, int]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        sides = f"{len(self.train):,} to learn from"
        if self.held_out is not None:
            sides += f", {len(self.held_out):,} held out"
        height, width = self.size
        colour = "grey" if self.train.pixels.shape[1] == 1 else "RGB"
        lines = [f"images: {sides}; {height} × {width} pixels, {colour}"]
        lines += [_counted(self.train.frame[one.name], bool(one.values))
                  for one in self.schema.targets]  # fmt: skip
        return "\n".join([*lines, *self.remarks])

    @property
    def remarks(self) -> list[str]:
        """What was left out or alone, a line each."""
        line = told(self.skipped)
        return [*self.notes, *([line] if line else [])]


@dataclass(slots=True)
class Reader:
    """Reads images for a net that takes `size` (H, W) and `channels`.

    `workers`: processes that decode, as for `lampas.vision.pixels.load_pixels`. `progress`: a
    bar on a terminal meanwhile. `skipped`: what could not be decoded so far. `notes`: lines for
    people, of other things.
    """

    size: tuple[int, int]
    channels: int
    workers: int | None = None
    progress: bool = True
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    notes: list[str] = field(default_factory=list[str])

    @property
    def remarks(self) -> list[str]:
        """What was left out or alone so far, a line each."""
        line = told(self.skipped)
        return [*self.notes, *([line] if line else [])]

    def listed(self, listing: Listing) -> Album:
        """The images of a listing, with whatever targets it has."""
        pixels, there, skipped = load_pixels(
            listing, self.size, self.channels, workers=self.workers, progress=self.progress
        )
        self.skipped += skipped
        return Album.of(pixels, there.names, there.frame)

    def labelled(self, data: Any, schema: Schema, image_column: str | None) -> Album:
        """Images with the targets of `schema`, each of which has to be there."""
        if not is_pair(data):
            self._refuse_arrays(data)
            found = find_images(data, image_column=image_column, like=schema)
            self.notes += found.notes
            if found.held_out is not None:
                count = f"{len(found.held_out):,} images"
                self.notes.append(f"{data}: the {count} that its folders hold out are scored")
            return self.listed(found.tested.check())
        x, y = data
        names = [column.name for column in schema.targets]
        album = self._in_memory(x, y, names)
        schema.check(album.frame, targets=True)
        return album

    def unlabelled(self, data: Any, schema: Schema, image_column: str | None) -> Album:
        """Images whose targets nobody asks for."""
        if is_images(data):
            return self._in_memory(data, None, ())
        found = find_images(data, image_column=image_column, like=schema)
        self.notes += found.notes
        return self.listed(found.everything)

    def _in_memory(self, x: Any, y: Any, names: Sequence[str]) -> Album:
        pixels = pixels_of(x)
        height, width = pixels.shape[2:]
        if (pixels.shape[1], height, width) != (self.channels, *self.size):
            raise self._misfit(tuple(x.shape), pixels)
        frame = frame_of(y, len(pixels), names) if names else pd.DataFrame(index=range(len(pixels)))
        return Album.of(pixels, range(len(pixels)), frame)

    def _misfit(self, given: tuple[int, ...], pixels: ArrayPixels) -> ShapeError:
        """What is wrong with arrays that have another size or other channels."""
        if given in ((*self.size, self.channels), (self.channels, *self.size)):
            return ShapeError(f"x is one image {given}: pass x[None], a batch of one")
        (_, channels, height, width), (high, wide) = pixels.shape, self.size
        return ShapeError(
            f"x has images of {height} × {width} pixels with {channels} channels, and the net "
            f"takes {high} × {wide} pixels with {self.channels} channels: make them so, or pass "
            "files, which are scaled"
        )

    def _refuse_arrays(self, data: Any) -> None:
        if is_images(data):
            raise InputError("images alone do not say what they show: pass (x, y)")


def gather(
    data: DataLike,
    targets: str | Sequence[str] | None = None,
    *,
    image_column: str | None = None,
    validation: float | DataLike | None = 0.2,
    size: Size | None = None,
    channels: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> Gathered:
    """Find, decode and divide images, as `lampas.images` does first; see there."""
    if is_pair(data):
        return _from_arrays(data, targets, validation, size, channels, seed)
    if is_images(data):
        raise InputError("images alone do not say what they show: pass (x, y)")
    found = find_images(data, targets=targets, image_column=image_column)
    seen = survey(found.train) if size is None or channels is None else None
    if seen is not None:
        size = _suitable(seen.height, seen.width) if size is None else size
        channels = seen.channels if channels is None else channels
    reader = Reader(_pair(size), _checked(channels), workers, progress)
    train = reader.listed(found.train)
    held_out, schema = None, found.train.schema
    if _is_share(validation):
        if found.held_out is None:
            train, held_out = _divided(train, schema, validation, seed)
        else:
            held_out = reader.listed(found.held_out)
    elif validation is not None:
        held_out = reader.labelled(validation, schema, image_column)
    both = None if held_out is None else _in_both(train, held_out)
    notes = (*found.notes, *reader.notes, *([both] if both else []))
    return Gathered(schema, train, held_out, reader.size, tuple(reader.skipped), notes)


def _from_arrays(
    data: Any,
    targets: str | Sequence[str] | None,
    validation: float | DataLike | None,
    size: Size | None,
    channels: int | None,
    seed: int,
) -> Gathered:
    x, y = data
    pixels = pixels_of(x)
    reader = Reader(pixels.shape[2:], pixels.shape[1])
    if size not in (None, reader.size, reader.size[0]) or channels not in (None, reader.channels):
        raise InputError("size and channels are for files: arrays keep theirs, so leave them out")
    frame = frame_of(y, len(pixels), targets)
    schema = _schema(frame)
    train = Album.of(pixels, range(len(pixels)), frame)
    held_out = None
    if _is_share(validation):
        train, held_out = _divided(train, schema, validation, seed)
    elif validation is not None:
        held_out = reader.labelled(validation, schema, None)
    one_hot = one_hot_remark(y, "y")
    return Gathered(schema, train, held_out, reader.size, notes=(one_hot,) if one_hot else ())


def _schema(frame: pd.DataFrame) -> Schema:
    """The schema of targets alone; `infer` wants a column to learn from beside them."""
    beside = next(f"image{'_' * n}" for n in range(99) if f"image{'_' * n}" not in frame.columns)
    found = infer(frame.assign(**{beside: "a"}), list(frame.columns), {beside: "text"})
    return Schema(found.targets, found.task)


def _is_share(validation: object) -> TypeGuard[float]:
    """Whether images are to be held out by a number; 0 is as None."""
    return isinstance(validation, (int, float)) and validation != 0


def _divided(album: Album, schema: Schema, share: float, seed: int) -> tuple[Album, Album]:
    classes = None
    if schema.task in ("binary", "multiclass"):
        classes = album.frame[schema.targets[0].name]
    train, held_out = split_rows(len(album), share, seed, classes)
    return album.take(train), album.take(held_out)


def _in_both(train: Album, held_out: Album) -> str | None:
    """A line where a file stands in both sides."""
    first, second = _digests(train), _digests(held_out)
    if first is None or second is None:
        return None
    return shared_images(list(map(str, train.names)), first, list(map(str, held_out.names)), second)


def _digests(album: Album) -> np.ndarray | None:
    """What tells each image's file from others; None for images in memory."""
    pixels = album.pixels
    return pixels.digests[album.indices] if isinstance(pixels, Pixels) else None


def _suitable(height: int, width: int) -> tuple[int, int]:
    """Small images keep their size; of larger ones the square that covers them, up to 128 pixels,
    in steps of 16.

    >>> _suitable(28, 30), _suitable(480, 640), _suitable(100, 90)
    ((28, 30), (128, 128), (80, 80))
    """
    if max(height, width) <= _AS_IT_IS:
        return height, width
    side = min(height, width, _LARGEST)
    side = max(side // _STEP * _STEP, _STEP)
    return side, side


def _pair(size: Size | None) -> tuple[int, int]:
    given: Any = (size, size) if isinstance(size, int) else size
    whole = isinstance(given, (tuple, list)) and len(given) == 2 and all(
        isinstance(side, int) and side > 0 for side in given
    )  # fmt: skip
    if not whole:
        raise InputError(f"size is {size!r}: pass pixels, as 64, or (height, width)")
    return given[0], given[1]


def _checked(channels: int | None) -> int:
    if channels not in (1, 3):
        raise InputError(f"channels is {channels!r}: valid are 1, for grey, and 3, for RGB")
    return channels


def _counted(column: pd.Series, is_class: bool) -> str:
    if not is_class:
        values = np.asarray(column, np.float64)
        return f"{column.name}: {values.min():g} to {values.max():g}"
    counts = column.value_counts(sort=False).sort_index()
    shown = ", ".join(f"{name} {count:,}" for name, count in counts.head(8).items())
    return f"{column.name}: {shown}" + (f", … ({len(counts)} classes)" if len(counts) > 8 else "")
