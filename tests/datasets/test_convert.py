"""The same bytes as our files, from what the homes send."""

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from lampas.datasets.catalogue import DATASETS
from lampas.datasets.convert import UnreadableError, as_it_is, cifar2_tar, with_crlf

SHARED = Path(os.environ.get("LAMPAS_DATA") or "absent").absolute()


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"LAMPAS_DATA has no {name}")
    return SHARED / name


def archive(path: Path, entries: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for entry, content in entries:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def link(name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/hostname"
    return entry


def test_as_it_is(tmp_path):
    content = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(content)
    assert b"".join(as_it_is(tmp_path / "a")) == content


def test_line_ends(tmp_path):
    lines = [f"{number} of many".encode() for number in range(200_000)]
    (tmp_path / "a").write_bytes(b"\n".join([*lines, b""]))
    assert b"".join(with_crlf(tmp_path / "a")) == b"\r\n".join([*lines, b""])


def test_only_the_pictures_come_out_of_an_archive(tmp_path):
    top = "repo-1/data/cifar2/train/airplane"
    raw = archive(
        tmp_path / "raw",
        [
            (tarfile.TarInfo(f"{top}/2.jpg"), b"two"),
            (tarfile.TarInfo(f"{top}/10.jpg"), b"ten"),
            (tarfile.TarInfo(f"{top}/../../3.jpg"), b"above"),
            (tarfile.TarInfo(f"/{top}/4.jpg"), b"absolute"),
            (tarfile.TarInfo(f"{top}/5.jpg"), bytes(10_001)),
            (tarfile.TarInfo(f"{top}/run.py"), b"code"),
            (tarfile.TarInfo("repo-1/data/imdb/1.jpg"), b"other"),
            (link(f"{top}/6.jpg"), b""),
        ],
    )
    (content,) = cifar2_tar(raw)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert tar.getnames() == [
            "cifar2", "cifar2/train", "cifar2/train/airplane", "cifar2/train/airplane/10.jpg",
            "cifar2/train/airplane/2.jpg",
        ]  # fmt: skip
        assert {member.mtime for member in tar} == {1577836800}
        found = tar.extractfile("cifar2/train/airplane/2.jpg")
        assert found is not None
        assert found.read() == b"two"
    assert sorted(tmp_path.iterdir()) == [raw]


@pytest.mark.parametrize("content", [b"", b"<html>", gzip.compress(b"no tar" * 1000, mtime=0)])
def test_what_is_no_archive(content, tmp_path):
    (tmp_path / "raw").write_bytes(content)
    with pytest.raises(UnreadableError, match=r"^it is no \.tar\.gz that can be read \(.+\)$"):
        list(cifar2_tar(tmp_path / "raw"))


def test_an_archive_cut_short(tmp_path):
    name = "r/data/cifar2/test/airplane/1.jpg"
    raw = archive(tmp_path / "raw", [(tarfile.TarInfo(name), os.urandom(9_000))])
    raw.write_bytes(raw.read_bytes()[:4_000])
    with pytest.raises(UnreadableError):
        list(cifar2_tar(raw))


def test_cifar2_comes_out_to_the_byte(tmp_path):
    """From an archive as GitHub makes them: other owner, other times, other folders around."""
    entries: list[tuple[tarfile.TarInfo, bytes]] = []
    with tarfile.open(shared("cifar2/cifar2.tar")) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                entry = tarfile.TarInfo(f"repo-1/data/{member.name}")
                entries.append((entry, content.read()))
    raw = archive(tmp_path / "raw", entries[::-1])
    (built,) = cifar2_tar(raw)
    assert hashlib.sha256(built).hexdigest() == DATASETS["cifar2"].files[0].sha256


def test_imdb_comes_out_to_the_byte(tmp_path):
    (file,) = DATASETS["imdb"].files
    content = gzip.decompress(shared("imdb_tokens/train_token.tsv.gz").read_bytes())
    assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)
    (tmp_path / "raw").write_bytes(content.replace(b"\r\n", b"\n"))
    assert (tmp_path / "raw").stat().st_size == file.homes[1].most
    assert b"".join(with_crlf(tmp_path / "raw")) == content
