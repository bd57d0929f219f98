"""Data of every form become albums; what does not fit is one line."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from lampas.errors import DataError, InputError, ShapeError
from lampas.vision.read import Reader, gather


def refused(data, **options):
    with pytest.raises(InputError) as caught:
        gather(data, **options)
    return str(caught.value)


def test_a_folder_is_divided_by_class(pictures):
    found = gather(pictures)
    assert (len(found.train), len(found.held_out)) == (48, 12)
    assert found.held_out.frame["class"].value_counts().tolist() == [6, 6]
    assert not set(found.train.names) & set(found.held_out.names)
    assert (found.size, found.train.pixels.shape[1]) == ((12, 12), 3)
    assert str(found) == (
        "images: 48 to learn from, 12 held out; 12 × 12 pixels, RGB\nclass: cold 24, warm 24"
    )


def test_the_seed_decides_what_is_held_out(pictures):
    one, two, other = (gather(pictures, seed=seed).held_out.names for seed in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(other)


def test_folders_of_splits_are_kept(pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "train")
    for name in ("warm", "cold"):
        source = pictures / name
        (tmp_path / "test" / name).mkdir(parents=True)
        first = sorted(source.iterdir())[0]
        shutil.copy(first, tmp_path / "test" / name / "a.png")
    found = gather(tmp_path)
    assert (len(found.train), len(found.held_out)) == (60, 2)
    assert found.notes == (
        "2 of 2 held-out images are in the training too (test/cold/a.png is train/cold/000.png): "
        "their scores say nothing",
    )
    assert gather(tmp_path, validation=None).held_out is None


def test_validation_data_of_their_own(pictures, colours):
    x, y = colours
    assert len(gather(pictures, validation=str(pictures)).held_out) == 60
    assert len(gather((x, y), validation=(x[:9], y[:9])).held_out) == 9


def test_pixels_are_the_files(pictures, colours):
    found = gather(pictures, validation=None).train
    x, _ = colours
    numbers = [int(name.split("/")[1][:3]) for name in found.names]
    expected = torch.from_numpy(x[numbers]).permute(0, 3, 1, 2)
    assert torch.equal(found[np.arange(60)], expected)


def test_the_size_is_theirs_or_as_asked(pictures):
    assert gather(pictures, size=8).size == (8, 8)
    found = gather(pictures, size=(8, 10), channels=1, validation=None)
    assert found.train.pixels.shape == (60, 1, 8, 10)


def test_grey_files_have_one_channel(tmp_path):
    for n in range(8):
        path = tmp_path / ("odd" if n % 2 else "even") / f"{n}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((200, 90), 30 * n, np.uint8)).save(path)
    found = gather(tmp_path, validation=None)
    assert found.train.pixels.shape == (8, 1, 80, 80)
    assert "80 × 80 pixels, grey" in str(found)


def test_what_cannot_be_decoded_is_told(pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "pets")
    (tmp_path / "pets" / "warm" / "bad.png").write_bytes(b"")
    found = gather(tmp_path / "pets")
    assert len(found.train) + len(found.held_out) == 60
    assert found.remarks == ["1 image was left out: warm/bad.png (the file is empty)"]
    assert str(found).endswith(found.remarks[0])


def test_amounts_are_told_by_their_range(colours):
    x, _ = colours
    found = gather((x, np.linspace(0, 5, 60)), "age")
    assert found.schema.task == "regression"
    assert str(found).endswith("\nage: 0 to 5")


def test_many_classes_are_shortened(colours):
    x, _ = colours
    found = gather((x, np.arange(60) % 10), validation=None)
    assert str(found).endswith("0 6, 1 6, 2 6, 3 6, 4 6, 5 6, 6 6, 7 6, … (10 classes)")


def test_several_yes_no_targets(colours):
    x, _ = colours
    found = gather((x, np.stack([np.arange(60) % 2, np.arange(60) // 30], 1)))
    assert found.schema.task == "multilabel"


def test_bad_arguments(pictures, colours):
    x, y = colours
    assert refused(x) == "images alone do not say what they show: pass (x, y)"
    assert refused(pictures, size=0) == "size is 0: pass pixels, as 64, or (height, width)"
    assert refused(pictures, size=(3, 2, 1)) == (
        "size is (3, 2, 1): pass pixels, as 64, or (height, width)"
    )
    assert refused(pictures, channels=4) == "channels is 4: valid are 1, for grey, and 3, for RGB"
    assert refused((x, y), size=8) == (
        "size and channels are for files: arrays keep theirs, so leave them out"
    )
    assert refused((x, y), validation=1.5) == (
        "validation=1.5: a share of the rows between 0 and 1 is needed"
    )


def test_bad_targets(colours):
    x, y = colours
    gaps = pd.Series(y, dtype=object)
    gaps[3] = None
    assert refused((x, gaps)) == (
        "target 'target': 1 row has no value (row 3); fill it in, or drop the row"
    )
    assert refused((x, np.where(np.arange(60) == 7, np.nan, 1.5))) == (
        "target 'target': 1 row has no value (row 7); fill it in, or drop the row"
    )
    assert refused((x, y[:-1])) == "x has 60 images and y 59 targets: pass one for each image"
    assert refused((x, ["same"] * 60)) == (
        "target 'target' has only one value, 'same': nothing to learn"
    )


def test_arrays_of_another_form_than_the_nets(colours):
    x, y = colours
    schema = gather((x, y)).schema
    with pytest.raises(ShapeError) as caught:
        Reader((8, 8), 3).unlabelled(x, schema, None)
    assert str(caught.value) == (
        "x has images of 12 × 12 pixels with 3 channels, and the net takes 8 × 8 pixels with 3 "
        "channels: make them so, or pass files, which are scaled"
    )
    with pytest.raises(ShapeError) as caught:
        Reader((12, 12), 3).unlabelled(x[0], schema, None)
    assert str(caught.value) == "x is one image (12, 12, 3): pass x[None], a batch of one"
    with pytest.raises(InputError) as caught:
        Reader((12, 12), 3).labelled(x, schema, None)
    assert str(caught.value) == "images alone do not say what they show: pass (x, y)"
    with pytest.raises(DataError) as caught:
        Reader((12, 12), 3).labelled((x[:2], ["warm", "hot"]), schema, None)
    assert str(caught.value) == (
        "target 'target': row 1 holds 'hot', a class that training did not have (cold, warm)"
    )


def test_folders_of_other_classes_come_through(pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "train")
    shutil.copytree(pictures / "warm", tmp_path / "test" / "hot")
    assert refused(tmp_path) == (
        f"{tmp_path}/test: class 'hot' is not among those to learn from in train (cold, warm): "
        "the folders must have the same names"
    )
    shutil.rmtree(tmp_path / "test")
    shutil.rmtree(tmp_path / "train" / "warm")
    assert refused(tmp_path / "train") == (
        f"{tmp_path}/train: only one class, 'cold': nothing to learn"
    )


def test_rows_with_a_single_1_are_told():
    x, y = np.zeros((4, 2, 2), np.uint8), np.eye(2)[[0, 1, 0, 1]]
    assert gather((x, y), validation=None).remarks == [
        "y has exactly one 1 in each row, as one-hot classes have: for one target of 2 classes "
        "pass y.argmax(1); as it is, each column is a yes/no target of its own"
    ]
    assert gather((x, y.argmax(1)), validation=None).remarks == []
