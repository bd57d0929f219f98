"""What size and colours the images of a listing have, from the headers of some of them."""

import warnings
from dataclasses import dataclass

import numpy as np

from lampas.errors import DataError
from lampas.vision.decode import is_grey, open_image, upright
from lampas.vision.listing import Listing

_LOOKED_AT = 256


@dataclass(frozen=True, slots=True)
class Survey:
    """`height`, `width`: medians over the images, in pixels. `channels`: 1 where all that were
    looked at are grey by their format, else 3."""

    height: int
    width: int
    channels: int


def survey(listing: Listing) -> Survey:
    """Sizes and colours of up to 256 images, spread evenly over `listing`; nothing is decoded.

    Raises `DataError` where none of them is an image.
    """
    chosen = np.unique(np.linspace(0, len(listing) - 1, _LOOKED_AT).round().astype(int))
    names = [listing.names[position] for position in chosen]
    sizes: list[tuple[int, int]] = []
    grey: list[bool] = []
    reason = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for position, data in listing.source.stream(names):
            image = data if isinstance(data, str) else open_image(data)
            if isinstance(image, str):
                reason = reason or f"{listing.source.shown(names[position])}: {image}"
                continue
            sizes.append(upright(image))
            grey.append(is_grey(image))
    if not sizes:
        raise DataError(reason)
    height, width = np.median(np.array(sizes), axis=0).astype(int).tolist()
    return Survey(height, width, 1 if all(grey) else 3)
