"""On real data, where `LAMPAS_DATA` says where they are."""

import gzip
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

import lampas

DATA = Path(os.environ.get("LAMPAS_DATA", "no folder"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="LAMPAS_DATA names no folder of data")


def few(name, part, most):
    return part in name and name.endswith(".jpg") and int(Path(name).stem) < most


@needs_data
def test_airplanes_and_automobiles(tmp_path):
    """Some of the JPEGs, in split folders, from an archive."""
    small = tmp_path / "small.tar"
    with tarfile.open(DATA / "cifar2" / "cifar2.tar") as whole, tarfile.open(small, "w") as part:
        for member in whole:
            if few(member.name, "/train/", 200) or few(member.name, "/test/", 100):
                part.addfile(member, whole.extractfile(member))
    model = lampas.images(small, epochs=8, verbose=0)
    assert (model.settings["rows"], model.settings["validation_rows"]) == (400, 200)
    assert model.metrics["accuracy"] > 0.7
    assert model.evaluate(small) == model.metrics


def idx(name, header, count):
    with gzip.open(DATA / "mnist" / name) as file:
        return np.frombuffer(file.read(header + count)[header:], np.uint8)


@needs_data
def test_handwritten_digits():
    x = idx("t10k-images-idx3-ubyte.gz", 16, 1000 * 784).reshape(-1, 28, 28)
    y = idx("t10k-labels-idx1-ubyte.gz", 8, 1000)
    model = lampas.images((x, y), epochs=4, verbose=0)
    assert model.metrics["accuracy"] > 0.85
    assert not model.form.mirrored
