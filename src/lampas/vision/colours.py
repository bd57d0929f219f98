"""Mean and deviation of the training images' channels, and whether they have colour."""

from dataclasses import dataclass

import numpy as np
import torch

from lampas.vision.album import Album

_ENOUGH = 10_000  # images: more would not move the mean by a thousandth
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Colours:
    """`mean`, `deviation`: a number a channel, of images scaled to [0, 1]. `coloured`: whether
    their channels differ anywhere."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    coloured: bool

    @classmethod
    def of(cls, album: Album) -> "Colours":
        """Of at most 10 000 images, evenly spread over `album`; exact over these.

        A channel that never changes has deviation 1.
        """
        channels = album.pixels.shape[1]
        counts, coloured = np.zeros((channels, 256)), False
        chosen = np.linspace(0, len(album) - 1, min(len(album), _ENOUGH)).round().astype(np.int64)
        for start in range(0, len(chosen), _AT_ONCE):
            images = album[chosen[start : start + _AT_ONCE]]
            for channel in range(channels):
                levels = images[:, channel].flatten()
                counts[channel] += torch.bincount(levels, minlength=256).numpy()
            coloured = coloured or not bool((images == images[:, :1]).all())
        return cls(*_moments(counts), coloured)


def _moments(counts: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each row's values, of which `counts` (C, 256) tells how many."""
    levels = np.arange(256) / 255
    shares = counts / counts.sum(1, keepdims=True)
    mean = shares @ levels
    spread = np.sqrt((shares * (levels - mean[:, None]) ** 2).sum(1))
    spread = np.where(spread > 0, spread, 1.0)
    return tuple(mean.tolist()), tuple(spread.tolist())
