"""Where caches lie, and which of them go."""

import os
import time
from pathlib import Path

from lampas.vision.cache_folder import cache_folder, tidy, touch


def files(folder, ages, size=100):
    """Files that were last used `ages` seconds ago."""
    for name, age in ages.items():
        (folder / name).write_bytes(bytes(size))
        os.utime(folder / name, (time.time() - age,) * 2)


def left(folder):
    return {path.name for path in folder.iterdir()}


def test_the_variable_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "images"
    monkeypatch.delenv("LAMPAS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder().name == "images"
    assert "lampas" in cache_folder().parts[-2]


def test_the_longest_unused_go_first(tmp_path):
    files(tmp_path, {"a.pixels": 30, "b.pixels": 20, "c.pixels": 10, "d.pixels": 0})
    tidy(tmp_path, tmp_path / "d.pixels", most_bytes=250)
    assert left(tmp_path) == {"c.pixels", "d.pixels"}


def test_the_one_just_made_stays_however_large(tmp_path):
    files(tmp_path, {"a.pixels": 30, "b.pixels": 0})
    tidy(tmp_path, tmp_path / "a.pixels", most_bytes=10)
    assert left(tmp_path) == {"a.pixels"}


def test_what_is_not_ours_is_not_touched(tmp_path):
    files(tmp_path, {"a.txt": 90_000, "b.tmp": 90_000, "c.pixels": 5})
    (tmp_path / "d.pixels").mkdir()
    (tmp_path / "e.pixels").symlink_to(tmp_path / "a.txt")
    tidy(tmp_path, Path("other"), most_bytes=0)
    assert left(tmp_path) == {"a.txt", "b.tmp", "d.pixels", "e.pixels"}


def test_half_written_files_go_after_a_day(tmp_path):
    files(tmp_path, {".a.pixels.1f.tmp": 90_000, ".b.pixels.2e.tmp": 3000})
    tidy(tmp_path, Path("other"))
    assert left(tmp_path) == {".b.pixels.2e.tmp"}


def test_use_is_noted(tmp_path):
    files(tmp_path, {"a.pixels": 1000})
    touch(tmp_path / "a.pixels")
    assert time.time() - (tmp_path / "a.pixels").stat().st_mtime < 100
    touch(tmp_path / "gone.pixels")
