"""LAMPAS_DATA, then the cache; what lies there is checked each time."""

import hashlib
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from lampas import datasets
from lampas.datasets.catalogue import DATASETS, Dataset, File
from lampas.datasets.find import cache as cache_folder
from lampas.datasets.find import here
from lampas.errors import DataError, DownloadError, InputError, UnknownNameError

CONTENT, ZIPPED = b"some", b"zipped"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def shared(tmp_path, monkeypatch) -> Path:
    """LAMPAS_DATA, with a folder for "some", which has one file in two forms, and is empty."""
    forms = File("a.txt", 4, sha(CONTENT), zipped=("a.txt.gz", sha(ZIPPED)))
    monkeypatch.setitem(DATASETS, "some", Dataset("folder", (forms,), "for tests", "nobody"))
    folder = tmp_path / "shared" / "folder"
    folder.mkdir(parents=True)
    monkeypatch.setenv("LAMPAS_DATA", str(folder.parent))
    return folder


def test_lampas_data_comes_first(shared, cache):
    for folder in (shared, cache / "folder"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.txt").write_bytes(CONTENT)
    assert datasets.path("some") == shared / "a.txt"
    (shared / "a.txt").unlink()
    assert datasets.path("some") == cache / "folder" / "a.txt"


def test_either_form_will_do(shared):
    (shared / "a.txt.gz").write_bytes(ZIPPED)
    assert datasets.path("some") == shared / "a.txt.gz"
    (shared / "a.txt").write_bytes(CONTENT)
    assert datasets.path("some") == shared / "a.txt"


def test_a_relative_folder(shared, monkeypatch):
    (shared / "a.txt").write_bytes(CONTENT)
    monkeypatch.chdir(shared.parent)
    monkeypatch.setenv("LAMPAS_DATA", ".")
    assert datasets.path("some") == shared / "a.txt"


def test_a_wrong_file_is_refused_and_left(shared):
    (shared / "a.txt").write_bytes(b"same")
    with pytest.raises(DataError) as caught:
        datasets.path("some")
    assert str(caught.value) == (
        f"{shared / 'a.txt'} has the sha-256 {sha(b'same')}, not {sha(CONTENT)}: it is damaged or "
        "another version; replace it, or take it away"
    )
    assert (shared / "a.txt").read_bytes() == b"same"


@pytest.mark.parametrize("whole", [[], ["a.txt", "b.txt"]])
def test_a_wrong_file_is_refused_where_another_lacks(shared, cache, monkeypatch, whole):
    two = (File("a.txt", 4, sha(CONTENT)), File("b.txt", 4, sha(CONTENT)))
    monkeypatch.setitem(DATASETS, "some", Dataset("folder", two, "for tests", "nobody"))
    (shared / "b.txt").write_bytes(b"same")
    (cache / "folder").mkdir(parents=True)
    for name in whole:
        (cache / "folder" / name).write_bytes(CONTENT)
    with pytest.raises(DataError) as caught:
        datasets.path("some")
    assert str(caught.value) == (
        f"{shared / 'b.txt'} has the sha-256 {sha(b'same')}, not {sha(CONTENT)}: it is damaged or "
        "another version; replace it, or take it away"
    )


def test_what_lampas_data_lacks_is_told_before_a_network_is_asked(shared, monkeypatch, capsys):
    two = (File("a.txt", 4, sha(CONTENT)), File("b.txt", 4, sha(CONTENT)))
    monkeypatch.setitem(DATASETS, "some", Dataset("folder", two, "for tests", "nobody"))
    (shared / "b.txt").write_bytes(CONTENT)
    with pytest.raises(DownloadError):
        datasets.path("some")
    assert capsys.readouterr().err == (
        f"some: {shared}, below LAMPAS_DATA, lacks a.txt: the data set is brought into "
        f"{cache_folder()}\n"
    )


def test_a_folder_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv("LAMPAS_DATA", "/no/such/folder")
    with pytest.raises(InputError) as caught:
        datasets.path("mnist")
    assert str(caught.value) == (
        "LAMPAS_DATA is /no/such/folder, and there is no such folder: correct it, or unset it"
    )
    assert datasets.path("covid19").exists()


def test_an_unknown_name():
    with pytest.raises(UnknownNameError) as caught:
        datasets.path("minst")
    assert str(caught.value) == (
        "unknown data set 'minst': did you mean 'mnist'? Valid: cifar2, covid19, imdb, mnist, "
        "rt_polarity, titanic"
    )


def test_what_is_not_here(shared):
    assert here("some") is None
    (shared / "a.txt").write_bytes(b"anything")
    assert here("some") == [shared / "a.txt"]


def test_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LAMPAS_CACHE", "")
    assert cache_folder() == user_cache_path("lampas") / "datasets"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAMPAS_CACHE", "mine")
    assert cache_folder() == tmp_path / "mine" / "datasets"
