"""What is in the files: noticed when it changes, and told when both parts have it."""

import os

import numpy as np
import pandas as pd

from lampas.tables.schema import Schema
from lampas.vision.digest import digest, read_digests, shared_images
from lampas.vision.listing import Listing
from lampas.vision.source import Folder


def listing(folder, *names):
    return Listing(names, Folder(str(folder)), pd.DataFrame(index=names), Schema((), "binary"))


def test_the_same_bytes_have_the_same_digest_whatever_the_name(tmp_path):
    (tmp_path / "1.png").write_bytes(b"one")
    (tmp_path / "2.png").write_bytes(b"two")
    (tmp_path / "3.jpg").write_bytes(b"one")
    found = read_digests(listing(tmp_path, "1.png", "2.png", "3.jpg"), shown=False)
    assert found.of_each.shape == (3, 16)
    assert found.bytes_read == 9
    first, second, third = (row.tobytes() for row in found.of_each)
    assert first == third == digest(b"one")
    assert second == digest(b"two") != first


def test_a_change_that_keeps_size_and_date_is_noticed(tmp_path):
    path = tmp_path / "1.png"
    path.write_bytes(b"one")
    before, status = read_digests(listing(tmp_path, "1.png"), shown=False), path.stat()
    path.write_bytes(b"eno")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = read_digests(listing(tmp_path, "1.png"), shown=False)
    assert before.of_each.tobytes() != after.of_each.tobytes()


def test_a_reason_is_no_content():
    assert digest("cannot be read") != digest(b"cannot be read")


def test_shared_images_are_counted_and_the_first_is_named():
    train = np.arange(3 * 16, dtype=np.uint8).reshape(3, 16)
    held = np.stack([train[2], np.zeros(16, np.uint8), train[0]])
    line = shared_images(["a", "b", "c"], train, ["x", "y", "z"], held)
    assert line == (
        "2 of 3 held-out images are in the training too (x is c): their scores say nothing"
    )
    assert shared_images(["a", "b"], train[:2], ["y"], held[1:2]) is None
