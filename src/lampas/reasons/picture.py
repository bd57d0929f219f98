"""Images above what their model looks at. Imported when asked for."""

from typing import TYPE_CHECKING, Any

import numpy as np

from lampas.curves import Curves
from lampas.reasons.wording import predicted

if TYPE_CHECKING:
    from lampas.reasons.images import Saliency

_MOST, _ACROSS = 12, 6  # images of a figure, and of a line of it
_SIDE = 1.7  # inches of an image
_FOR, _AGAINST = (0.80, 0.25, 0.05), (0.10, 0.35, 0.75)  # orange and blue: told apart by all eyes


def picture(found: "Saliency") -> Curves:
    """Each of the first twelve images, what was predicted above it, its heat below.

    Heat is orange where a pixel speaks for the target that is named, blue where it speaks
    against it, the denser the more, over the image in light grey.
    """
    count = min(len(found), _MOST)
    across = min(count, _ACROSS)
    down = -(-count // across)
    figure = Curves(figsize=(_SIDE * across + 0.3, (2 * _SIDE + 0.9) * down), layout="constrained")
    panels: Any = figure.subplots(2 * down, across, squeeze=False)
    for panel in panels.ravel():
        panel.set_axis_off()
    signed = found.signed[:count]
    for place in range(count):
        line, column = divmod(place, across)
        image = _drawn(found.images[place])
        above, below = panels[2 * line][column], panels[2 * line + 1][column]
        above.imshow(image, interpolation="nearest")
        above.set_title(predicted(found.predictions, place, found.targets[place]), fontsize=9)
        below.imshow(overlay(image, signed[place]), interpolation="nearest")
        below.set_title(f"for {found.targets[place]}", fontsize=9)
    return figure


def overlay(image: np.ndarray, signed: np.ndarray) -> np.ndarray:
    """`signed` (H, W), from −1 to 1, as colour over `image` (H, W, 3), from 0 to 1, in light grey.

    >>> overlay(np.zeros((1, 2, 3)), np.array([[0.0, 1.0]])).round(2).tolist()
    [[[0.5, 0.5, 0.5], [0.8, 0.25, 0.05]]]
    """
    grey = 0.5 + 0.5 * image.mean(2, keepdims=True)
    dense = np.abs(signed)[:, :, None]
    colour = np.where(signed[:, :, None] < 0, _AGAINST, _FOR)
    return grey * (1 - dense) + colour * dense


def _drawn(image: np.ndarray) -> np.ndarray:
    """uint8 (C, H, W) to (H, W, 3) from 0 to 1."""
    return np.broadcast_to(image.transpose(1, 2, 0) / 255, (*image.shape[1:], 3))
