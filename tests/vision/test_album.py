"""Batches of images are fetched whole, in the order and with the rows that belong to them."""

import numpy as np
import pandas as pd
import torch

from lampas.vision.album import Album, loader
from lampas.vision.arrays import ArrayPixels


class Counting(ArrayPixels):
    asked = 0

    def __getitem__(self, positions):
        self.asked += 1
        return super().__getitem__(positions)


def album(count=10):
    pixels = Counting(torch.arange(count, dtype=torch.uint8).reshape(-1, 1, 1, 1))
    names = [f"{n}.png" for n in range(count)]
    return Album.of(pixels, names, pd.DataFrame({"n": np.arange(count)}))


def test_parts_share_the_pixels():
    whole = album()
    part = whole.take(np.array([7, 2, 9])).take(np.array([2, 0]))
    assert len(part) == 2
    assert part[np.array([0, 1])].flatten().tolist() == [9, 7]
    assert part.names.tolist() == ["9.png", "7.png"]
    assert part.frame["n"].tolist() == [9, 7]
    assert part.frame.index.name == "image"
    assert part.pixels is whole.pixels


def test_a_batch_is_one_fetch_with_its_rows():
    whole = album()
    truth = torch.arange(10) * 2
    batches = list(loader(whole, truth, batch_size=4, shuffle=True))
    assert whole.pixels.asked == 3
    assert [len(x) for x, _ in batches] == [4, 4, 2]
    for x, y in batches:
        assert torch.equal(2 * x.flatten().long(), y)
    seen = torch.cat([x for x, _ in batches]).flatten().tolist()
    assert sorted(seen) == list(range(10))
    assert seen != sorted(seen)


def test_images_alone_in_order():
    found = torch.cat(list(loader(album(), batch_size=3)))
    assert found.flatten().tolist() == list(range(10))


def test_a_last_batch_of_one_is_left_out_of_training_alone():
    truth = torch.zeros(9)
    assert len(loader(album(9), truth, batch_size=4, shuffle=True)) == 2
    assert len(loader(album(9), truth, batch_size=4)) == 3
    assert len(loader(album(1), truth[:1], batch_size=4, shuffle=True)) == 1
