"""Bad images: at most a tenth is left out, with reasons; more is refused with one line."""

import pytest

from lampas.errors import DataError
from lampas.tables.schema import Column, Schema
from lampas.vision.listing import Listing, labelled
from lampas.vision.policy import Skipped, leave_out, told
from lampas.vision.source import Folder


def listing(count, cats=None):
    names = tuple(f"{number}.png" for number in range(count))
    cats = count // 2 if cats is None else cats
    classes = ["cat"] * cats + ["dog"] * (count - cats)
    schema = Schema((Column("class", "target", values=("cat", "dog")),), "binary")
    return Listing(names, Folder("pets"), labelled(names, classes, "class"), schema)


def refused(found, bad):
    with pytest.raises(DataError) as caught:
        leave_out(found, bad)
    return str(caught.value)


def test_nothing_is_wrong():
    assert leave_out(listing(20), {}) == ()


def test_a_tenth_is_left_out_in_the_order_of_the_listing():
    found = leave_out(listing(20), {17: "late", 3: "the file is empty"})
    assert found == (Skipped("3.png", "the file is empty"), Skipped("17.png", "late"))


def test_more_than_a_tenth_is_refused():
    assert refused(listing(20), {9: "b", 3: "the file is empty", 4: "c"}) == (
        "3 of 20 images cannot be read, more than a tenth; the first: pets/3.png: the file is empty"
    )


def test_a_single_image_is_refused_with_its_reason():
    assert refused(listing(1), {0: "the file is empty"}) == "pets/0.png: the file is empty"


def test_a_class_keeps_an_image():
    wanted = "no image of 'cat' can be read; the first: pets/0.png: the file is empty"
    assert refused(listing(20, cats=1), {0: "the file is empty"}) == wanted


def test_what_was_left_out_is_told_in_one_line():
    assert told([]) is None
    many = [Skipped(f"{number}.png", "bad") for number in range(5)]
    assert told(many) == (
        "5 images were left out: 0.png (bad), 1.png (bad), 2.png (bad), … and 2 more"
    )
