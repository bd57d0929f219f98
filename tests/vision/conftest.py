"""Small pictures that a net learns in seconds, and caches that no test leaves behind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path_factory.mktemp("cache")))


def warm_and_cold(count, seed=0, side=12):
    """uint8 (N, side, side, 3), and "warm" where red outweighs blue."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 120, (count, side, side, 3), dtype=np.uint8)
    y = np.where(np.arange(count) % 2, "warm", "cold")
    x[y == "warm", :, :, 0] += 100
    x[y == "cold", :, :, 2] += 100
    return x, y


def write_folder(folder: Path, x, y):
    """folder/CLASS/NUMBER.png."""
    for number, (pixels, name) in enumerate(zip(x, y, strict=True)):
        (folder / str(name)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / str(name) / f"{number:03}.png")
    return folder


@pytest.fixture(scope="session")
def colours():
    """(x, y): 60 pictures."""
    return warm_and_cold(60)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory, colours):
    """A folder with warm/*.png and cold/*.png, 30 of each."""
    return write_folder(tmp_path_factory.mktemp("pictures"), *colours)
