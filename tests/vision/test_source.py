"""Bytes from files, and the reasons where there are none."""

import os

import pytest

from lampas.vision import source as module
from lampas.vision.source import Folder


def test_each_name_in_turn(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"one")
    (tmp_path / "2.png").write_bytes(b"")
    names = ["a/1.png", "2.png", str(tmp_path / "a" / "1.png")]
    assert list(Folder(str(tmp_path)).stream(names)) == [(0, b"one"), (1, b""), (2, b"one")]


def test_what_cannot_be_read_is_told_in_its_place(tmp_path):
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    names = ["gone.png", "loop.png", "folder.png", "pipe.png"]
    assert [reason for _, reason in Folder(str(tmp_path)).stream(names)] == [
        "cannot be read (No such file or directory)",
        "cannot be read (Too many levels of symbolic links)",
        "cannot be read (it is no file)",
        "cannot be read (it is no file)",
    ]


def test_without_the_right_to_read(tmp_path):
    path = tmp_path / "1.png"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    reason = "cannot be read (Permission denied)"
    assert list(Folder(str(tmp_path)).stream(["1.png"])) == [(0, reason)]


def test_no_file_is_taken_into_memory_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    (tmp_path / "1.png").write_bytes(bytes(10))
    (tmp_path / "2.png").write_bytes(bytes(11))
    found = list(Folder(str(tmp_path)).stream(["1.png", "2.png"]))
    assert found == [(0, bytes(10)), (1, "larger than 256 MiB")]


def test_what_an_image_is_called():
    assert Folder("pets").shown("cat/1.png") == "pets/cat/1.png"
    assert Folder("").shown("1.png") == "1.png"
