"""Images that are in memory already: (x, y) as NumPy has them, or torch."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import torch

from lampas.data.arrays import is_array, to_tensor
from lampas.errors import DataError, DtypeError, ShapeError

_CHANNELS = (1, 3)


class ArrayPixels:
    """uint8 images in memory, as (N, C, H, W) whatever they came as; nothing is copied."""

    def __init__(self, images: torch.Tensor) -> None:
        self._images = images

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W)."""
        return cast("tuple[int, int, int, int]", tuple(self._images.shape))

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, indices: np.ndarray) -> torch.Tensor:
        """The images with these numbers, uint8 (B, C, H, W)."""
        return self._images[torch.from_numpy(indices)]


def pixels_of(x: Any) -> ArrayPixels:
    """`x` as pixels: uint8 (N, H, W), (N, H, W, C) or (N, C, H, W) with C of 1 or 3.

    Where both could be meant, channels stand last. Raises `DtypeError` for another dtype,
    `ShapeError` for another shape, `DataError` for no images.

    >>> pixels_of(np.zeros((5, 8, 9, 3), np.uint8)).shape
    (5, 3, 8, 9)
    """
    images = to_tensor(x, "x")
    if images.dtype != torch.uint8:
        name = str(images.dtype).removeprefix("torch.")
        raise DtypeError(
            f"x is {name}: pass images as uint8 from 0 to 255; from 0 to 1 they become so by "
            "(255 * x).round().astype('uint8')"
        )
    shape = tuple(images.shape)
    if 0 in shape:
        raise DataError(f"x holds no image: its shape is {shape}")
    if len(shape) == 3:
        return ArrayPixels(images[:, None])
    if len(shape) == 4 and shape[3] in _CHANNELS:
        return ArrayPixels(images.permute(0, 3, 1, 2))
    if len(shape) == 4 and shape[1] in _CHANNELS:
        return ArrayPixels(images)
    raise ShapeError(
        f"x has the shape {shape}: pass (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 or 3 "
        "channels"
    )


def frame_of(y: Any, count: int, targets: str | Sequence[str] | None) -> pd.DataFrame:
    """The targets of `count` images as columns, from (N,) or (N, T) of any kind, or a frame.

    targets: their names; None keeps those that a frame or series has, and else takes "target",
    or "target 1", "target 2" and so on. Raises `DataError` where lengths or names do not fit.

    >>> frame_of(["cat", "dog"], 2, None).columns.tolist()
    ['target']
    """
    names = [targets] if isinstance(targets, str) else None if targets is None else list(targets)
    frame = _columns(y)
    if len(frame) != count:
        raise DataError(f"x has {count} images and y {len(frame)} targets: pass one for each image")
    if names is not None:
        if len(names) != frame.shape[1]:
            raise DataError(
                f"targets names {len(names)} columns and y has {frame.shape[1]}: name each of them"
            )
        frame = frame.set_axis(names, axis=1)
    return frame.reset_index(drop=True)


def _columns(y: Any) -> pd.DataFrame:
    if isinstance(y, pd.DataFrame):
        return y.set_axis([str(name) for name in y.columns], axis=1)
    if isinstance(y, pd.Series):
        return y.to_frame("target" if y.name is None else str(y.name))
    values = np.asarray(y.cpu() if isinstance(y, torch.Tensor) else y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 1:
        return pd.DataFrame({"target": values})
    if values.ndim == 2:
        return pd.DataFrame({f"target {n + 1}": values[:, n] for n in range(values.shape[1])})
    raise ShapeError(f"y has the shape {values.shape}: pass (N,), or (N, T) for several targets")


def is_images(data: Any) -> bool:
    """Whether `data` is images in memory without targets; a data frame is a list of files."""
    return is_array(data) and not isinstance(data, (pd.DataFrame, pd.Series))


def is_pair(data: Any) -> bool:
    """Whether `data` is (x, y) in memory."""
    if not isinstance(data, tuple):
        return False
    parts = cast("tuple[Any, ...]", data)
    return len(parts) == 2 and is_images(parts[0])
