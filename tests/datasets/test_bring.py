"""Data sets from homes that are right, wrong, half there and gone."""

import hashlib
import io
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from lampas import datasets
from lampas.datasets.catalogue import DATASETS, Dataset, File, Home
from lampas.datasets.convert import with_crlf
from lampas.errors import ArtifactError, DownloadError

SHARED = Path(os.environ.get("LAMPAS_DATA") or "absent").absolute()
ONE = b"one\n" * 30_000
TWO = b"two\n" * 10
WRONG = b"something else\n"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file(name: str, content: bytes, *urls: str) -> File:
    return File(name, len(content), sha(content), tuple(Home(url, 1_000_000) for url in urls))


@pytest.fixture
def pair(site, monkeypatch) -> Dataset:
    """Two files, each with two homes, first/ and second/, of which none has anything yet."""
    files = tuple(
        file(name, content, site.url(f"first/{name}"), site.url(f"second/{name}"))
        for name, content in (("one.txt", ONE), ("two.txt", TWO))
    )
    made = Dataset("some", files, "for tests", "nobody")
    monkeypatch.setitem(DATASETS, "pair", made)
    return made


@pytest.fixture
def full(site, pair) -> None:
    site.content |= {"first/one.txt": ONE, "first/two.txt": TWO}


def test_it_is_brought_once(site, pair, full, cache):
    folder = datasets.path("pair")
    assert folder == cache / "some"
    assert sorted(path.name for path in folder.iterdir()) == ["one.txt", "two.txt"]
    assert (folder / "one.txt").read_bytes() == ONE
    assert [name for name, _, _ in site.asked] == ["first/one.txt", "first/two.txt"]
    assert datasets.path("pair") == folder
    assert len(site.asked) == 2
    assert [path.name for path in (cache / ".partial").iterdir()] == ["pair.lock"]


def test_the_next_home_is_asked(site, pair, cache):
    site.content |= {"first/one.txt": WRONG, "second/one.txt": ONE, "second/two.txt": TWO}
    folder = datasets.path("pair")
    assert (folder / "one.txt").read_bytes() == ONE
    assert [name for name, _, _ in site.asked] == [
        "first/one.txt", "second/one.txt", "first/two.txt", "second/two.txt",
    ]  # fmt: skip


def test_wrong_bytes_and_a_missing_file_are_told(site, pair, cache):
    site.content["first/one.txt"] = WRONG
    with pytest.raises(DownloadError) as caught:
        datasets.path("pair")
    assert str(caught.value) == (
        f"pair cannot be downloaded: {site.url('first/one.txt')}: what it sends has the sha-256 "
        f"{sha(WRONG)}, not {sha(ONE)}; {site.url('second/one.txt')}: HTTP 404 Not Found; "
        f"put one.txt, sha-256 {sha(ONE)}, and two.txt, sha-256 {sha(TWO)}, into {cache / 'some'}"
    )
    assert not list((cache / "some").iterdir())
    assert not list((cache / ".partial").glob("*.part"))


def test_no_network_is_told(site, pair, cache, monkeypatch):
    with socket.socket() as taken:  # bound and not listening: nobody answers
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/two.txt"
        lone = Dataset("some", (file("two.txt", TWO, url, url),), "for tests", "nobody")
        monkeypatch.setitem(DATASETS, "pair", lone)
        with pytest.raises(DownloadError) as caught:
            datasets.path("pair")
    assert str(caught.value) == (
        "pair cannot be downloaded: no network (127.0.0.1: Connection refused; 127.0.0.1: "
        f"Connection refused); put two.txt, sha-256 {sha(TWO)}, into {cache / 'some'}"
    )


def test_what_is_put_there_by_hand_is_taken(site, pair, cache):
    (cache / "some").mkdir(parents=True)
    (cache / "some" / "one.txt").write_bytes(ONE)
    (cache / "some" / "two.txt").write_bytes(TWO)
    assert datasets.path("pair") == cache / "some"
    assert not site.asked


def test_only_what_is_missing_is_brought(site, pair, full, cache):
    (cache / "some").mkdir(parents=True)
    (cache / "some" / "one.txt").write_bytes(ONE)
    datasets.path("pair")
    assert [name for name, _, _ in site.asked] == ["first/two.txt"]


def test_a_damaged_file_in_the_cache_is_brought_again(site, pair, full, cache):
    damaged = datasets.path("pair") / "one.txt"
    damaged.write_bytes(b"1" + ONE[1:])
    site.asked.clear()
    assert (datasets.path("pair") / "one.txt").read_bytes() == ONE
    assert [name for name, _, _ in site.asked] == ["first/one.txt"]


def test_it_goes_on_after_a_failure(site, pair, full):
    site.cuts = [70_000, 0]
    with pytest.raises(DownloadError, match=r"ends after 70,000 bytes \(of 120,000\)"):
        datasets.path("pair")
    site.asked.clear()
    datasets.path("pair")
    assert site.asked[0] == ("first/one.txt", "bytes=70000-", '"first"')


def test_a_part_of_another_version_is_brought_whole(site, pair, full):
    """The server gives no version, so only the digest of the whole can tell."""
    site.tag = None
    site.content["first/one.txt"] = ONE.replace(b"o", b"0")
    site.cuts = [70_000, 0]
    with pytest.raises(DownloadError):
        datasets.path("pair")
    site.content["first/one.txt"] = ONE
    site.asked.clear()
    assert (datasets.path("pair") / "one.txt").read_bytes() == ONE
    assert [ranges for _, ranges, _ in site.asked] == ["bytes=70000-", None, None]


def test_what_comes_is_converted(site, monkeypatch):
    content = b"a\r\nb\r\n"
    home = Home(site.url("lf.txt"), 4, with_crlf)
    made = Dataset("some", (File("crlf.txt", 6, sha(content), (home,)),), "for tests", "nobody")
    monkeypatch.setitem(DATASETS, "lines", made)
    site.content["lf.txt"] = b"a\nb\n"
    assert datasets.path("lines").read_bytes() == content


def test_a_folder_that_cannot_be_made_is_told(pair, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path / "file"))
    with pytest.raises(DownloadError) as caught:
        datasets.path("pair")
    assert str(caught.value) == (
        f"cannot write in {tmp_path / 'file' / 'datasets' / '.partial'}: Not a directory: name "
        "another folder with LAMPAS_CACHE"
    )


def test_a_file_in_the_place_of_the_folder_is_told(pair, full, cache):
    cache.mkdir(parents=True)
    (cache / "some").write_text("")
    with pytest.raises((ArtifactError, ValueError)) as caught:
        datasets.path("pair")
    assert str(caught.value) == (
        f"cannot write {cache / 'some' / 'one.txt'}: {cache / 'some'} is a file, not a folder"
    )


OTHER = """
import sys
from lampas import datasets
from lampas.datasets.catalogue import DATASETS, Dataset, File, Home

url, digest = sys.argv[1:]
DATASETS["x"] = Dataset("x", (File("x", 1, digest, (Home(url, 10 ** 8),)),), "", "")
print(datasets.path("x"))
"""


def test_two_processes_at_once_bring_it_once(site, cache):
    content = bytes(5_000_000)
    site.content["x"] = content
    command = [sys.executable, "-c", OTHER, site.url("x"), sha(content)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [process.communicate(timeout=60) for process in running]
    assert [out for out, _ in ended] == [f"{cache / 'x' / 'x'}\n"] * 3
    waited = "x: another process is bringing it; waiting for it\n"
    assert {err for _, err in ended} <= {"", waited}
    assert [name for name, _, _ in site.asked] == ["x"]
    assert (cache / "x" / "x").read_bytes() == content


def test_the_one_that_waits_says_so(site, pair, full, cache, monkeypatch):
    # Not capsys: emptied while another thread writes, it may lose what was written.
    heard = io.StringIO()
    monkeypatch.setattr(sys, "stderr", heard)
    (cache / ".partial").mkdir(parents=True)
    with FileLock(cache / ".partial" / "pair.lock"):
        waiting = threading.Thread(target=datasets.path, args=("pair",))
        waiting.start()
        while waiting.is_alive() and "\n" not in heard.getvalue():
            time.sleep(0.01)
        assert not site.asked
    waiting.join()
    assert heard.getvalue() == "pair: another process is bringing it; waiting for it\n"
    assert len(site.asked) == 2


@pytest.mark.parametrize("name", ["mnist", "rt_polarity"])
def test_real_files_are_brought_and_read(name, site, cache, monkeypatch):
    real = DATASETS[name]
    files = [SHARED / real.folder / file.name for file in real.files]
    if not all(path.exists() for path in files):
        pytest.skip(f"LAMPAS_DATA has no {name}")
    site.content = {path.name: path.read_bytes() for path in files}
    near = tuple(
        replace(file, homes=(Home(site.url(file.name), file.size),)) for file in real.files
    )
    monkeypatch.setitem(DATASETS, name, replace(real, files=near))
    site.cuts = [500_000]
    train, _ = datasets.load(name)
    assert len(train[0] if name == "mnist" else train) == {"mnist": 8000, "rt_polarity": 9596}[name]
    assert len(site.asked) == 3
    assert datasets.path(name) == cache / real.folder
