"""Images with their names and targets, in the order of one training or prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset

Batch = tuple[torch.Tensor, ...]


class PixelsLike(Protocol):
    """uint8 images of one size, wherever they lie; `lampas.vision.pixels.Pixels` is one."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W)."""
        ...

    def __getitem__(self, positions: np.ndarray, /) -> torch.Tensor:
        """The images with these numbers, uint8 (B, C, H, W)."""
        ...


@dataclass(frozen=True, slots=True)
class Album:
    """`names` and `frame` (the target columns) of some of the images in `pixels`.

    indices (N,): which ones, so that the two sides of a split share their pixels.
    """

    pixels: PixelsLike
    names: pd.Index
    frame: pd.DataFrame
    indices: np.ndarray

    @classmethod
    def of(cls, pixels: PixelsLike, names: Sequence[object], frame: pd.DataFrame) -> "Album":
        """All of `pixels`, which has a name and a row of `frame` for each."""
        indexed = frame.set_axis(pd.Index(list(names), name="image"), axis=0)
        return cls(pixels, indexed.index, indexed, np.arange(len(names)))

    def __len__(self) -> int:
        return len(self.indices)

    def take(self, places: np.ndarray) -> "Album":
        """The images at these places, sharing the pixels."""
        frame = self.frame.iloc[places]
        return Album(self.pixels, self.names[places], frame, self.indices[places])

    def __getitem__(self, places: np.ndarray) -> torch.Tensor:
        """The images at these places, uint8 (B, C, H, W)."""
        return self.pixels[self.indices[places]]


class _Rows(Dataset[Any]):
    """Whole batches by their numbers: torch's loader asks `__getitems__` where it is there."""

    def __init__(self, album: Album, columns: Sequence[torch.Tensor]) -> None:
        self.album = album
        self.columns = columns

    def __len__(self) -> int:
        return len(self.album)

    def __getitems__(self, places: list[int]) -> Any:
        numbers = np.asarray(places)
        images = self.album[numbers]
        if not self.columns:
            return images
        rows = torch.from_numpy(numbers)
        return (images, *(column[rows] for column in self.columns))


def loader(
    album: Album, *columns: torch.Tensor, batch_size: int, shuffle: bool = False
) -> DataLoader[Any]:
    """Batches of images alone, or (images, *rows of `columns`), each of which has N rows.

    In training (`shuffle`) a last batch of one image is left out: batch norm cannot train on it,
    and another image is last in each epoch. Out of training nothing is drawn from torch's random
    state.
    """
    lonely = shuffle and len(album) > batch_size and len(album) % batch_size == 1
    rows = _Rows(album, columns)
    # A DataLoader draws a seed for its workers, also where it has none.
    generator = None if shuffle else torch.Generator()
    return DataLoader(
        rows, batch_size, shuffle, collate_fn=_as_it_is, drop_last=lonely, generator=generator
    )


def _as_it_is(batch: Any) -> Any:
    return batch
