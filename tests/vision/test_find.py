"""From what a user names to listings: the same images in every dress, and each refusal."""

import tarfile
import zipfile

import pandas as pd
import pytest
from PIL import Image

from lampas.errors import DataError
from lampas.vision.find import find_images

PARTS = ("train/cat/1.png", "train/cat/in/2.png", "train/dog/1.png", "test/cat/3.png",
         "test/dog/3.png")  # fmt: skip


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (2, 2)).save(path)


@pytest.fixture
def parts(tmp_path):
    for name in PARTS:
        picture(tmp_path / "pets" / name)
    return tmp_path / "pets"


def packed(folder, suffix):
    target = folder.parent / f"pets{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(target, "w") as archive:
            for name in PARTS:
                archive.write(folder / name, f"pets/{name}")
    else:
        with tarfile.open(target, "w:gz" if suffix == ".tar.gz" else "w") as archive:
            archive.add(folder, "pets")
    return target


def refused(source, **options):
    with pytest.raises(DataError) as caught:
        find_images(source, **options)
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["", ".tar", ".tar.gz", ".zip"])
def test_a_folder_and_an_archive_of_it_say_the_same(parts, suffix):
    found = find_images(packed(parts, suffix) if suffix else str(parts))
    assert found.held_out is not None
    assert found.notes == ()
    for listing, count in ((found.train, 3), (found.held_out, 2)):
        assert len(listing) == count
        assert listing.schema.task == "binary"
        assert listing.schema.targets[0].values == ("cat", "dog")
        assert [name.split("/")[-2] in ("in", show) for name, show in
                zip(listing.names, listing.frame["class"], strict=True)]  # fmt: skip
        data = [bytes_ for _, bytes_ in listing.source.stream(listing.names)]
        assert all(one.startswith(b"\x89PNG") for one in data)
    assert sorted(found.train.frame["class"]) == ["cat", "cat", "dog"]


def test_the_class_may_have_another_name(parts):
    found = find_images(parts, targets="animal")
    assert list(found.train.frame.columns) == ["animal"]
    assert found.train.schema.targets[0].name == "animal"


def test_a_third_part_is_left_alone_and_told(parts):
    picture(parts / "val" / "cat" / "9.png")
    picture(parts / "val" / "dog" / "9.png")
    found = find_images(parts)
    assert found.notes == ("test is left alone; val is held out",)
    assert found.held_out is not None
    assert found.held_out.names == ("val/cat/9.png", "val/dog/9.png")


def test_a_class_without_held_out_images_is_told(parts):
    picture(parts / "train" / "cow" / "1.png")
    assert find_images(parts).notes == ("test has no image of cow",)


def test_for_a_trained_run_the_held_out_part_is_tested_and_all_predicted(parts):
    schema = find_images(parts).train.schema
    found = find_images(parts, like=schema)
    assert found.tested.names == ("test/cat/3.png", "test/dog/3.png")
    assert list(found.tested.check().frame["class"]) == ["cat", "dog"]
    assert sorted(found.everything.names) == sorted(PARTS)
    assert list(found.everything.frame.index) == list(found.everything.names)


def test_for_a_trained_run_labels_may_be_missing_or_others(parts, tmp_path):
    schema = find_images(parts).train.schema
    for name in ("1.png", "sub/2.png"):
        picture(tmp_path / "flat" / name)
    flat = find_images(tmp_path / "flat", like=schema)
    assert flat.everything.names == ("1.png", "sub/2.png")
    assert not len(flat.tested.frame.columns)
    picture(tmp_path / "odd" / "cow" / "1.png")
    odd = find_images(tmp_path / "odd", like=schema)
    assert odd.everything.names == ("cow/1.png",)
    with pytest.raises(DataError, match="holds 'cow', a class that training did not have"):
        odd.tested.check()


def test_one_image_and_a_list_of_images_for_a_trained_run(parts):
    schema = find_images(parts).train.schema
    one = parts / PARTS[0]
    assert find_images(one, like=schema).everything.names == (str(one),)
    paths = [str(parts / name) for name in PARTS]
    found = find_images(paths, like=schema).everything
    assert found.names == tuple(paths)
    assert [type(data) for _, data in found.source.stream(found.names)] == [bytes] * 5


@pytest.mark.parametrize("name", ["plane", "plane.txt", "plane.csv", "plane.zip", "plane.jpgg"])
def test_one_image_may_have_any_suffix(parts, name):
    schema = find_images(parts).train.schema
    path = (parts / PARTS[0]).rename(parts.parent / name)
    assert find_images(path, like=schema).everything.names == (str(path),)


def test_a_table_and_a_frame(parts):
    frame = pd.DataFrame({"path": [str(parts / name) for name in PARTS[:4]], "n": [0.5, 1, 2, 3]})
    frame.to_csv(parts / "labels.csv", index=False)
    for source in (frame, parts / "labels.csv"):
        assert find_images(source, targets="n").train.schema.task == "regression"


def test_a_folder_that_is_not_there(tmp_path):
    assert refused(tmp_path / "no") == f"{tmp_path}/no: no such file or folder"
    assert refused(str(tmp_path / "no.zip")) == f"{tmp_path}/no.zip: no such file or folder"


def test_an_empty_folder(tmp_path):
    wanted = f"{tmp_path}: no images in it (of .jpg, .png, .webp, .bmp, .gif, .tif)"
    assert refused(tmp_path) == wanted


def test_an_empty_folder_for_a_trained_run(parts, tmp_path):
    schema = find_images(parts).train.schema
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "empty", like=schema) == (
        f"{tmp_path}/empty: no images in it (of .jpg, .jpeg, .png, .webp, .bmp, .gif, .tif, .tiff)"
    )


def test_something_else(tmp_path):
    (tmp_path / "x.mp4").write_bytes(b"x")
    assert refused(tmp_path / "x.mp4") == (
        f"{tmp_path}/x.mp4 is no image (.jpg, .png, .webp, .bmp, .gif, .tif); several come from a "
        "folder, a .tar or .zip, or a table that names them (.csv, .tsv, .parquet)"
    )


def test_several_targets_of_folders(parts):
    assert refused(parts, targets=["a", "b"]) == (
        f"{parts}: folders say one thing of an image, its class; for 2 targets pass a table with "
        "paths and labels"
    )


def test_images_alone_cannot_be_learnt_from(parts):
    wanted = (
        "does not say what is to be learnt: pass a folder with a folder for each class, or a table "
        "with paths and labels"
    )
    assert refused([parts / name for name in PARTS]) == f"a list of images {wanted}"
    assert refused(parts / PARTS[0]) == (f"{parts / PARTS[0]} is a PNG image, and one {wanted}")


def test_lists_that_hold_nothing_or_what_is_not_there(parts):
    schema = find_images(parts).train.schema
    assert refused([], like=schema) == "the list of images is empty"
    assert refused(["no.png"], like=schema) == "no.png: no such image"
    assert refused([parts, parts / PARTS[0]], like=schema) == (
        f"{parts} is a folder, among single images: pass it alone"
    )


@pytest.mark.parametrize(("source", "kind"), [(3, "int"), ([1, 2], "list"), (None, "NoneType")])
def test_what_names_no_images(source, kind):
    assert refused(source) == (
        f"images come from a folder, an archive, a table or a list of paths, not from {kind}"
    )


def test_folders_that_do_not_fit(parts):
    picture(parts / "test" / "cow" / "1.png")
    assert refused(parts) == (
        f"{parts}/test: class 'cow' is not among those to learn from in train (cat, dog): the "
        "folders must have the same names"
    )


def test_a_tar_that_may_be_cut_is_told_with_what_it_lacks(parts):
    path = packed(parts, ".tar")
    cut_before(path, "pets/train/dog")
    doubt = f"{path} has no end mark: it was cut short, or written without one"
    assert refused(path) == (f"{path}/pets/train: only one class, 'cat': nothing to learn; {doubt}")
    schema = find_images(parts).train.schema
    assert find_images(path, like=schema).notes == (doubt,)


def cut_before(path, name):
    with tarfile.open(path) as archive:
        (start,) = (member.offset for member in archive if member.name == name)
    path.write_bytes(path.read_bytes()[:start])
