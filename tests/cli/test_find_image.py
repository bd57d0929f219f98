"""What is taken for images, and what is left to the other kinds."""

import tarfile
import zipfile

import pandas as pd
import pytest
from PIL import Image

from lampas.cli.find_image import fits


@pytest.fixture
def pets(tmp_path):
    for name in ("cat/1.png", "dog/2.png"):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True)
        Image.new("L", (2, 2)).save(path)
    return tmp_path / "pets"


def found(path, *targets):
    return fits([str(path)], targets, "utf-8")


def test_folders_and_files(pets, tmp_path):
    assert found(pets)
    assert found(pets / "cat" / "1.png")
    assert fits([str(pets / "cat" / "1.png"), str(pets / "dog" / "2.png")], (), "utf-8")
    assert found((pets / "dog" / "2.png").rename(pets / "dog" / "2.txt"))
    (tmp_path / "texts" / "good").mkdir(parents=True)
    (tmp_path / "texts" / "good" / "1.txt").write_text("fine")
    assert not found(tmp_path / "texts")
    assert not found(tmp_path / "nothing")


def test_archives(pets, tmp_path):
    with tarfile.open(tmp_path / "pets.tar.gz", "w:gz") as archive:
        archive.add(pets, "pets")
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        archive.write(pets / "cat" / "1.png", "cat/1.png")
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.writestr("good/1.txt", "fine")
    (tmp_path / "broken.tar").write_bytes(b"no archive")
    assert found(tmp_path / "pets.tar.gz")
    assert found(tmp_path / "pets.zip")
    assert not found(tmp_path / "texts.zip")
    assert found(tmp_path / "broken.tar")


def test_tables_with_paths_and_labels_alone(pets, tmp_path):
    paths = [str(pets / "cat" / "1.png"), str(pets / "dog" / "2.png")]
    frame = pd.DataFrame({"photo": paths, "kind": ["cat", "dog"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.assign(age=[1, 2]).to_csv(tmp_path / "b.csv", index=False)
    frame.drop(columns="photo").assign(size=[3, 4]).to_csv(tmp_path / "c.csv", index=False)
    (tmp_path / "d.csv").write_text('photo,kind\na.png,"x\n')
    assert found(tmp_path / "a.csv")
    assert found(tmp_path / "a.csv", "kind")
    assert found(tmp_path / "a.parquet", "kind")
    assert found(tmp_path / "a.csv", "Kind")
    assert found(tmp_path / "b.csv", "kind", "age")
    assert not found(tmp_path / "b.csv", "kind")  # a table with a column of paths in it
    assert not found(tmp_path / "c.csv", "kind")
    assert not found(tmp_path / "c.csv", "kinds")
    assert not found(tmp_path / "d.csv", "kind")
