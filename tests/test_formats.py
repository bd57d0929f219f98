import io
import tarfile

import pytest
from PIL import Image

from lampas.formats import format_in, format_of


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WebP", "BMP"])
def test_images(kind: str) -> None:
    assert format_of(picture(kind)) == f"a {kind} image"


def test_a_tar() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    assert format_of(file.getvalue()[:512]) == "a tar archive"


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"%PDF-1.4 all of it letters", "a PDF"),
        (b"PK\x03\x04\x14\0", "a zip archive (or an Office document, which is one)"),
        (b"\x1f\x8b\x08\0", "a gzip file"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"SQLite format 3\0", "an SQLite database"),
    ],
)
def test_others(start: bytes, name: str) -> None:
    assert format_of(start) == name


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"a text",
        b"BMW and other cars",
        b"PAR10 is a word",
        "\ufeffa text".encode("utf-16"),
        "\ufeffa text".encode(),
        "été".encode("cp1252"),
        "这部电影真的非常好看".encode("gb18030"),
        b"\0\1\2",
    ],
)
def test_texts_and_the_unknown(start: bytes) -> None:
    assert format_of(start) is None


def test_files(tmp_path) -> None:
    (tmp_path / "plane.txt").write_bytes(picture("JPEG"))
    assert format_in(tmp_path / "plane.txt") == "a JPEG image"
    assert format_in(tmp_path) is None
    assert format_in(tmp_path / "none") is None
