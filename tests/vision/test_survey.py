"""Sizes and colours from headers."""

import pandas as pd
import pytest
from PIL import Image

from lampas.errors import DataError
from lampas.tables.schema import Schema
from lampas.vision.listing import Listing
from lampas.vision.source import Folder
from lampas.vision.survey import Survey, survey


def listing(folder, images):
    names = tuple(f"{number}.png" for number in range(len(images)))
    for name, image in zip(names, images, strict=True):
        if image is None:
            (folder / name).write_bytes(b"no image")
        else:
            image.save(folder / name)
    return Listing(names, Folder(str(folder)), pd.DataFrame(index=names), Schema((), "binary"))


def test_the_median_size_and_colours_if_any_has_some(tmp_path):
    images = [Image.new("L", size) for size in ((10, 20), (12, 30), (500, 31))]
    assert survey(listing(tmp_path, images)) == Survey(30, 12, 1)
    assert survey(listing(tmp_path, [*images, Image.new("RGB", (12, 30))])).channels == 3


def test_what_is_no_image_does_not_count(tmp_path):
    assert survey(listing(tmp_path, [None, Image.new("L", (3, 4))])) == Survey(4, 3, 1)
    with pytest.raises(DataError) as caught:
        survey(listing(tmp_path, [None, None]))
    assert str(caught.value) == f"{tmp_path}/0.png: not an image: it begins with b'no image'"


def test_of_many_images_some_are_looked_at(tmp_path, monkeypatch):
    seen = []
    found = listing(tmp_path, [Image.new("L", (2, 2))] * 600)
    stream = Folder.stream
    monkeypatch.setattr(Folder, "stream", lambda *a: seen.extend(a[1]) or stream(*a))
    survey(found)
    assert len(seen) == 256
    assert {seen[0], seen[-1]} == {"0.png", "599.png"}
