"""The channels' mean and deviation are those of NumPy, over all pixels."""

import numpy as np
import pandas as pd
import pytest

from lampas.vision.album import Album
from lampas.vision.arrays import pixels_of
from lampas.vision.colours import Colours


def album(x):
    return Album.of(pixels_of(x), range(len(x)), pd.DataFrame(index=range(len(x))))


def test_mean_and_deviation():
    x = np.random.default_rng(0).integers(0, 256, (600, 3, 4, 5), dtype=np.uint8)
    found = Colours.of(album(x))
    assert found.mean == pytest.approx((x / 255).mean((0, 2, 3)))
    assert found.deviation == pytest.approx((x / 255).std((0, 2, 3)))
    assert found.coloured


def test_of_a_part_alone():
    x = np.zeros((10, 4, 4), np.uint8)
    x[5:] = 255
    found = Colours.of(album(x).take(np.arange(5, 10)))
    assert (found.mean, found.deviation, found.coloured) == ((1.0,), (1.0,), False)


def test_grey_images_in_three_channels_have_no_colour():
    x = np.random.default_rng(0).integers(0, 256, (300, 1, 4, 5), dtype=np.uint8)
    grey = np.repeat(x, 3, axis=1)
    assert not Colours.of(album(grey)).coloured
    grey[-1, 0, 0, 0] ^= 1
    assert Colours.of(album(grey)).coloured
