"""Which pixels an image model's answer hangs on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd
import torch

from lampas.data.feed import check_count
from lampas.plan import device_of, dtype_of
from lampas.reasons.asked import Asked
from lampas.reasons.methods import Method, Score, method_of
from lampas.reasons.untouched import untouched
from lampas.tables.targets import TargetCoder
from lampas.vision.album import Album

if TYPE_CHECKING:
    from lampas.curves import Curves
    from lampas.model import Model

_STRONG = 0.99  # of an image's pixels lie below what is shown as 1, as by Smilkov et al.


@final
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Saliency:
    """For each of N images, what each of its pixels has to do with one number.

    `values`: float32 (N, H, W), as the method gives them (`lampas.reasons.methods`). `targets`:
    for each image the class, or column, whose score they explain: the log odds of a class, the
    logit of one of several yes/no targets, or an amount. `predictions`: as `predict` gives
    them, a row an image. `images`: uint8 (N, C, H, W), as the net saw them. `method`: its name.
    """

    values: np.ndarray
    targets: tuple[str, ...]
    predictions: pd.DataFrame
    images: np.ndarray
    method: str

    @property
    def signed(self) -> np.ndarray:
        """`values` of each image by their 99th percentile, float32 (N, H, W) from −1 to 1: above 0
        speaks for the target, below 0 against it, unless the method has no signs."""
        size = np.abs(self.values)
        strong = np.quantile(size.reshape(len(size), -1), _STRONG, axis=1)
        strong = np.where(strong > 0, strong, size.max((1, 2)))
        scaled = self.values / np.where(strong > 0, strong, 1.0)[:, None, None]
        return np.clip(scaled, -1.0, 1.0).astype(np.float32)

    @property
    def heat(self) -> np.ndarray:
        """The size of `signed`: float32 (N, H, W) from 0 to 1, whatever the sign."""
        return np.abs(self.signed)

    def __len__(self) -> int:
        return len(self.values)

    def plot(self) -> "Curves":
        """A figure of the first twelve images, each above its heat, with what was predicted and
        what is explained; a notebook shows it. See `lampas.reasons.picture`."""
        from lampas.reasons.picture import picture

        return picture(self)

    def _repr_png_(self) -> bytes:
        return self.plot()._repr_png_()  # pyright: ignore[reportPrivateUsage]

    def __repr__(self) -> str:
        named = ", ".join(dict.fromkeys(self.targets))
        height, width = self.values.shape[1:]
        return f"Saliency({self.method} of {named}; {len(self)} × {height} × {width} pixels)"


def saliency(
    model: "Model",
    coder: TargetCoder,
    album: Album,
    baseline: Sequence[float],
    target: Any,
    method: str | Method,
    batch_size: int,
) -> Saliency:
    """What `ImageModel.saliency` gives for the images of `album`.

    model: takes images (B, C, H, W) with bytes from 0 to 255, of uint8 or a float dtype. coder:
    how the targets are written. baseline: a colour, from 0 to 1, a number a channel.
    """
    check_count("batch_size", batch_size)
    asked, asking = Asked.of(coder, target), method_of(method)
    device, dtype = device_of(model), dtype_of(model)
    colour = torch.tensor(baseline, device=device, dtype=dtype).view(1, -1, 1, 1)
    images: list[torch.Tensor] = []
    values: list[torch.Tensor] = []
    outputs: list[torch.Tensor] = []
    codes: list[torch.Tensor] = []
    with untouched(model):
        for start in range(0, len(album), batch_size):
            batch = album[np.arange(start, min(start + batch_size, len(album)))]
            with torch.no_grad():
                found = model(batch.to(device))
            score = _score(model, asked, asked.codes(found))
            values.append(asking(score, batch.to(device, dtype) / 255, colour).float().cpu())
            outputs.append(found.float().cpu())
            codes.append(asked.codes(found).cpu())
            images.append(batch)
    return Saliency(
        torch.cat(values).numpy(),
        tuple(asked.names(torch.cat(codes))),
        coder.decode(torch.cat(outputs), album.names),
        torch.cat(images).numpy(),
        asking.name,
    )


def _score(model: "Model", asked: Asked, codes: torch.Tensor) -> Score:
    """The score of images from 0 to 1, whose codes are those of the batch, over and over."""

    def score(images: torch.Tensor) -> torch.Tensor:
        return asked.score(model(255 * images), codes.repeat(len(images) // len(codes)))

    return score
