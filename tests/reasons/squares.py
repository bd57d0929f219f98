"""Grey images in which a small bright square, wherever it lies, decides the class."""

import numpy as np

SIDE, SQUARE = 16, 4


def with_squares(count, seed=0):
    """uint8 (N, 16, 16), "plain" or "square", and bool (N, 16, 16), true in the square."""
    rng = np.random.default_rng(seed)
    x = rng.integers(60, 120, (count, SIDE, SIDE), dtype=np.uint8)
    y = np.where(np.arange(count) % 2, "square", "plain")
    inside = np.zeros(x.shape, bool)
    for place in np.flatnonzero(y == "square"):
        top, left = rng.integers(1, SIDE - SQUARE, 2)
        inside[place, top : top + SQUARE, left : left + SQUARE] = True
    x[inside] += 120
    return x, y, inside
