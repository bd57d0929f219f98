"""A fitted model of images: what comes back from a file, and from raw images."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import lampas
from lampas.errors import ArtifactError, DataError, InputError
from lampas.vision.image_model import ImageModel


class Small(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        return self.fc(self.norm(x).mean((2, 3)))


@pytest.fixture(scope="module")
def fitted(colours):
    return lampas.images(colours, "class", epochs=4, verbose=0)


def test_saved_and_loaded_it_is_the_same(fitted, pictures, tmp_path, monkeypatch):
    fitted.save(tmp_path / "run.lampas")
    expected = fitted.predict(pictures)
    monkeypatch.chdir(tmp_path)
    loaded = lampas.load("run.lampas")
    assert type(loaded) is ImageModel
    pd.testing.assert_frame_equal(loaded.predict(pictures), expected, check_exact=True)
    assert loaded.evaluate(pictures) == fitted.evaluate(pictures)
    assert loaded.form == fitted.form
    assert loaded.schema == fitted.schema
    assert loaded.metrics == fitted.metrics
    assert loaded.history.rows == fitted.history.rows
    assert repr(loaded) == repr(fitted)


def test_files_and_arrays_are_answered_alike(fitted, pictures, colours):
    x, _ = colours
    of_files = fitted.predict(pictures)
    assert of_files.index.name == "image"
    assert of_files.index[0] == "cold/000.png"
    numbers = [int(name.split("/")[1][:3]) for name in of_files.index]
    of_arrays = fitted.predict(x).iloc[numbers]
    np.testing.assert_allclose(of_files.iloc[:, 1:], of_arrays.iloc[:, 1:], atol=1e-6)
    assert of_files["class"].tolist() == of_arrays["class"].tolist()


def test_one_image_a_list_and_a_table(fitted, pictures):
    expected = fitted.predict(pictures)
    paths = [str(pictures / name) for name in expected.index[:3]]
    one, several = fitted.predict(paths[0]), fitted.predict(paths)
    table = fitted.predict(pd.DataFrame({"photo": paths, "note": ["a", "b", "c"]}))
    assert one.index.tolist() == paths[:1]
    assert several.index.tolist() == table.index.tolist() == paths
    for found in (several, table):
        np.testing.assert_allclose(found.iloc[:, 1:], expected.iloc[:3, 1:], atol=1e-6)


def test_the_size_of_batches_changes_nothing(fitted, colours):
    x, _ = colours
    few, many = (fitted.predict(x, batch_size=size).iloc[:, 1:] for size in (7, 60))
    np.testing.assert_allclose(few, many, atol=1e-6)
    small, large = (fitted.evaluate(colours, batch_size=size) for size in (7, 60))
    assert small == pytest.approx(large, abs=1e-6)


def test_files_of_another_size_are_scaled(fitted, pictures, tmp_path):
    from PIL import Image

    with Image.open(pictures / "warm" / "001.png") as picture:
        picture.resize((300, 240)).convert("RGBA").save(tmp_path / "large.png")
    assert fitted.predict(tmp_path / "large.png")["class"].tolist() == ["warm"]


def test_what_cannot_be_decoded_is_left_out_and_told(fitted, pictures, tmp_path, capsys):
    shutil.copytree(pictures, tmp_path / "new")
    (tmp_path / "new" / "warm" / "bad.jpg").write_bytes(b"no image at all")
    assert len(fitted.predict(tmp_path / "new")) == 60
    assert capsys.readouterr().err == (
        "1 image was left out: warm/bad.jpg (not an image: it begins with b'no image')\n"
    )
    with pytest.raises(DataError) as caught:
        fitted.predict(tmp_path / "new" / "warm" / "bad.jpg")
    assert str(caught.value) == (
        f"{tmp_path}/new/warm/bad.jpg: not an image: it begins with b'no image'"
    )


def test_of_folders_with_splits_the_held_out_one_is_scored(fitted, pictures, tmp_path, capsys):
    shutil.copytree(pictures / "warm", tmp_path / "train" / "warm")
    shutil.copytree(pictures, tmp_path / "test")
    assert fitted.evaluate(tmp_path) == fitted.evaluate(tmp_path / "test")
    assert capsys.readouterr().err == (
        f"{tmp_path}: the 60 images that its folders hold out are scored\n"
    )
    assert len(fitted.predict(tmp_path)) == 90


def test_data_that_do_not_fit(fitted, pictures, colours, tmp_path):
    shutil.copytree(pictures / "warm", tmp_path / "hot" / "hot")
    with pytest.raises(InputError) as caught:
        fitted.evaluate(tmp_path / "hot")
    assert str(caught.value) == (
        "target 'class': row hot/001.png holds 'hot', a class that training did not have "
        "(cold, warm)"
    )
    with pytest.raises(InputError) as caught:
        fitted.predict(tmp_path / "none.png")
    assert str(caught.value) == f"{tmp_path}/none.png: no such image"
    with pytest.raises(InputError) as caught:
        fitted.predict(colours[0][:, :8])
    assert str(caught.value) == (
        "x has images of 8 × 12 pixels with 3 channels, and the net takes 12 × 12 pixels with 3 "
        "channels: make them so, or pass files, which are scaled"
    )


def test_a_net_of_the_users_is_asked_for_again(colours, tmp_path):
    fitted = lampas.images(colours, net=Small, epochs=1, verbose=0)
    fitted.save(tmp_path / "run.lampas")
    with pytest.raises(ArtifactError) as caught:
        ImageModel.load(tmp_path / "run.lampas")
    assert str(caught.value) == (
        f"{tmp_path}/run.lampas was trained with your net Small: pass it, "
        f"lampas.load('{tmp_path}/run.lampas', net=Small)"
    )
    loaded = lampas.load(tmp_path / "run.lampas", net=Small)
    x, _ = colours
    pd.testing.assert_frame_equal(loaded.predict(x), fitted.predict(x), check_exact=True)


def test_a_backbone_gets_its_head_again(colours, tmp_path):
    x, _ = colours
    fitted = lampas.images((x, np.arange(60) % 3), net=Small(3, 9), epochs=1, verbose=0)
    fitted.save(tmp_path / "run.lampas")
    loaded = lampas.load(tmp_path / "run.lampas", net=Small(3, 9))
    pd.testing.assert_frame_equal(loaded.predict(x), fitted.predict(x), check_exact=True)


def test_an_artifact_that_was_edited(fitted, tmp_path):
    fitted.save(tmp_path / "run.lampas")
    saved = lampas.artifact.read(tmp_path / "run.lampas")
    del saved.content["form"]["size"]
    with pytest.raises(ArtifactError) as caught:
        ImageModel.from_artifact(saved, "run.lampas")
    assert str(caught.value) == "run.lampas does not fit this Lampas: 'size'"


def test_what_a_summary_and_a_description_need(fitted):
    assert fitted.noun == "image"
    assert fitted.example().shape == (2, 3, 12, 12)
    assert fitted.example().dtype == torch.uint8
    found = fitted.describe()
    assert found["images"]["size"] == (12, 12)
    assert found["schema"]["task"] == "binary"
    assert "FromBytes" in str(fitted.model.summary((3, 12, 12), torch.uint8))
