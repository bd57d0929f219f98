"""Listings: parts of them, and whether they say what their images show."""

import numpy as np
import pytest

from lampas.errors import DataError
from lampas.tables.schema import Column, Schema
from lampas.tables.targets import TargetCoder
from lampas.vision.listing import Listing, labelled, unlabelled
from lampas.vision.source import Folder

NAMES = ("cat/1.png", "cat/2.png", "dog/1.png")
SCHEMA = Schema((Column("class", "target", values=("cat", "dog")),), "binary")


def listing(*classes, schema=SCHEMA):
    frame = labelled(NAMES, classes, "class") if classes else unlabelled(NAMES)
    return Listing(NAMES, Folder("pets"), frame, schema)


def test_rows_have_the_images_names():
    found = listing("cat", "cat", "dog")
    assert len(found) == 3
    assert list(found.frame.index) == list(NAMES)
    assert found.frame.index.name == "image"


@pytest.mark.parametrize("positions", [[2, 0], np.array([2, 0])])
def test_a_part_keeps_names_and_labels_together(positions):
    part = listing("cat", "cat", "dog").take(positions)
    assert part.names == ("dog/1.png", "cat/1.png")
    assert list(part.frame.index) == list(part.names)
    assert list(part.frame["class"]) == ["dog", "cat"]


def test_the_target_coder_reads_the_labels():
    found = listing("cat", "cat", "dog")
    coder = TargetCoder.fit(SCHEMA, found.frame)
    assert coder.encode(found.frame).tolist() == [[0.0], [0.0], [1.0]]


def test_check_lets_known_classes_through():
    found = listing("cat", "cat", "cat")
    assert found.check() is found


def refused(found):
    with pytest.raises(DataError) as caught:
        found.check()
    return str(caught.value)


def test_no_labels():
    assert refused(listing()) == (
        "nothing says what the images show (class): put them into a folder for each class, or "
        "pass a table with these columns; the classes are cat, dog"
    )


def test_no_labels_for_several_targets():
    targets = tuple(Column(name, "target", values=(0, 1)) for name in ("red", "blue"))
    assert refused(listing(schema=Schema(targets, "multilabel"))) == (
        "nothing says what the images show (red, blue): put them into a folder for each class, or "
        "pass a table with these columns"
    )


def test_an_unknown_class():
    assert refused(listing("cat", "cow", "dog")) == (
        "target 'class': row cat/2.png holds 'cow', a class that training did not have (cat, dog)"
    )
