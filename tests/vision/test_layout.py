"""What folders say: parts, classes, and each way in which they do not fit."""

import pytest

from lampas.errors import DataError
from lampas.vision.layout import Layout, check_classes, find_layout, read_classes
from lampas.vision.tree import make_tree


def tree(*names, folders=()):
    return make_tree("pets", names, folders)


def refused(function, *arguments):
    with pytest.raises(DataError) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (["cat/1.png", "dog/1.png"], Layout("", None)),
        (["cat/1.png"], Layout("", None)),
        (["d/cat/1.png", "d/dog/1.png"], Layout("d", None)),
        (["d/e/cat/1.png", "d/e/dog/1.png"], Layout("d/e", None)),
        (["d/x.png", "d/cat/1.png"], Layout("d", None)),
        (["x.png", "d/cat/1.png"], Layout("", None)),
        (["train/cat/1.png", "train/dog/1.png"], Layout("train", None)),
        (["train/cat/1.png", "test/cat/1.png"], Layout("train", "test")),
        (["Train/cat/1.png", "VAL/cat/1.png"], Layout("Train", "VAL")),
        (["d/train/c/1.png", "d/valid/c/1.png"], Layout("d/train", "d/valid")),
        (["training/c/1.png", "testing/c/1.png"], Layout("training", "testing")),
        (
            ["train/c/1.png", "test/c/1.png", "val/c/1.png"],
            Layout("train", "val", ("test",)),
        ),
        (["test/1.png", "car/1.png"], Layout("", None)),
    ],
)
def test_where_the_class_folders_are(names, layout):
    assert find_layout(tree(*names)) == layout


def test_classes_are_the_first_folder_however_deep_the_image():
    found = read_classes(tree("t/cat/1.png", "t/cat/a/b/2.png", "t/dog/1.png"), "t")
    assert found.names == ("t/cat/1.png", "t/cat/a/b/2.png", "t/dog/1.png")
    assert found.classes == ("cat", "cat", "dog")


def test_no_images():
    wanted = "pets: no images in it (of .jpg, .png, .webp, .bmp, .gif, .tif)"
    assert refused(read_classes, tree("a/readme.txt"), "") == wanted


def test_no_class_folders():
    assert refused(read_classes, tree("1.png", "2.png"), "") == (
        "pets: images, but no folder that says what they show: put those of each class into a "
        "folder with its name, or pass a table with their paths and labels"
    )


def test_an_image_beside_the_class_folders():
    assert refused(read_classes, tree("1.png", "cat/2.png", "dog/1.png"), "") == (
        "pets: image '1.png' lies beside the class folders (cat, dog): move it into one of them"
    )


def test_an_empty_class_folder():
    wanted = "pets/train: class folder 'dog' holds no image: fill or remove it"
    found = tree("train/cat/1.png", folders=["train/dog"])
    assert refused(read_classes, found, "train") == wanted
    found = tree("train/cat/1.png", "train/dog/notes.txt")
    assert refused(read_classes, found, "train") == wanted


def test_only_one_class():
    found = tree("cat/1.png", "cat/2.png")
    wanted = "pets: only one class, 'cat': nothing to learn"
    assert refused(check_classes, found, read_classes(found, ""), None) == wanted


def test_a_class_that_is_held_out_only():
    found = tree("train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/cow/1.png")
    parts = read_classes(found, "train"), read_classes(found, "test")
    assert refused(check_classes, found, *parts) == (
        "pets/test: class 'cow' is not among those to learn from in train (cat, dog): the folders "
        "must have the same names"
    )


def test_a_class_that_is_not_held_out_is_told():
    found = tree("train/cat/1.png", "train/dog/1.png", "test/cat/1.png")
    line = check_classes(found, read_classes(found, "train"), read_classes(found, "test"))
    assert line == "test has no image of dog"


def test_many_classes_are_shortened():
    names = [f"train/{letter}/1.png" for letter in "abcdefgh"]
    found = tree(*names, "test/z/1.png")
    line = refused(check_classes, found, read_classes(found, "train"), read_classes(found, "test"))
    assert "(a, b, c, d, e, f, … (8 in all))" in line
