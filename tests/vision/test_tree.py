"""Folders on the disk: hidden files, links, loops, and what cannot be read."""

import pytest

from lampas.errors import DataError
from lampas.vision import tree as module
from lampas.vision.tree import Tree, is_image, make_tree, walk


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def test_images_are_found_folder_by_folder_in_order(tmp_path):
    for name in ("b/2.PNG", "b/10.jpg", "a/deep/er/1.tiff", "a/z.webp", "readme.txt", "a/x.npy"):
        touch(tmp_path / name)
    (tmp_path / "empty").mkdir()
    found = walk(str(tmp_path))
    assert found.images == ("a/z.webp", "a/deep/er/1.tiff", "b/10.jpg", "b/2.PNG")
    assert found.folders == {"a", "a/deep", "a/deep/er", "b", "empty"}


def test_hidden_files_and_the_finders_folder_are_left_out(tmp_path):
    for name in (".git/1.png", "a/._1.png", "a/.thumbs/1.png", "__MACOSX/a/2.png", "a/1.png"):
        touch(tmp_path / name)
    found = walk(str(tmp_path))
    assert found.images == ("a/1.png",)
    assert found.folders == {"a"}


def test_links_to_folders_and_files_are_followed(tmp_path):
    touch(tmp_path / "store" / "1.png")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cat").symlink_to(tmp_path / "store")
    (tmp_path / "data" / "2.png").symlink_to(tmp_path / "store" / "1.png")
    assert walk(str(tmp_path / "data")).images == ("2.png", "cat/1.png")


def test_a_link_that_leads_back(tmp_path):
    touch(tmp_path / "cat" / "1.png")
    (tmp_path / "cat" / "more").symlink_to(tmp_path)
    with pytest.raises(DataError) as caught:
        walk(str(tmp_path))
    wanted = f"{tmp_path}/cat/more: a link that leads back to {tmp_path}: remove it"
    assert str(caught.value) == wanted


def test_a_link_to_itself_is_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").symlink_to(tmp_path / "cat" / "1.png")
    assert walk(str(tmp_path)).images == ("cat/1.png",)


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    def closed(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "_entries", closed)
    with pytest.raises(DataError) as caught:
        walk(str(tmp_path))
    assert str(caught.value) == f"{tmp_path}: cannot be read (Permission denied)"


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.webp", "a.bmp", "a.gif", "a.tif"])
def test_suffixes(name):
    assert is_image(name)


@pytest.mark.parametrize("name", ["a.txt", "jpg", "a.jpg.gz", "a.svg", "a.csv"])
def test_other_suffixes(name):
    assert not is_image(name)


def test_a_tree_of_names_knows_the_folders_above_and_the_empty_ones():
    tree = make_tree("x.zip", ["a/b/1.png", "c/readme.md"], ["d", "d/e"])
    assert tree.images == ("a/b/1.png",)
    assert tree.folders == {"a", "a/b", "c", "d", "d/e"}


def test_looking_inside():
    tree = Tree("x", ("1.png", "a/2.png", "a/b/3.png", "ab/4.png"), frozenset({"a", "a/b", "ab"}))
    assert tree.inside("") == ["a", "ab"]
    assert tree.inside("a") == ["b"]
    assert tree.under("a") == ["a/2.png", "a/b/3.png"]
    assert tree.loose("") == ["1.png"]
    assert tree.loose("a") == ["a/2.png"]
