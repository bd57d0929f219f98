import io
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from lampas.foreign import foreign_file


def said(data: bytes) -> str | None:
    file = io.BytesIO(data)
    line = foreign_file(file, "x.lampas")
    assert file.tell() == 0 or line is not None
    return line


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            # Without a date of its own it would be now: the tests' names would change each run.
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


def test_a_file_of_torch_save(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 1).state_dict(), tmp_path / "x.pt")
    assert said((tmp_path / "x.pt").read_bytes()) == (
        "x.lampas is a torch.save file, not a Lampas file: its weights go into a net by "
        "lampas.load('x.lampas', net=...)"
    )


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle(protocol: int) -> None:
    assert said(pickle.dumps({"a": 1}, protocol=protocol)) == (
        "x.lampas is a pickle, not a Lampas file: pickles can run code, and it is not opened; if "
        "a torch before 1.6 saved weights in it, and you trust it, save it anew with a newer one"
    )


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "x.lampas is empty: its writing was interrupted, or it was never written"),
        (zipped(a=b"1"), "x.lampas is a zip archive, not a Lampas file"),
        (zipped(a=b"1")[:40], "x.lampas is a damaged zip archive, not a Lampas file"),
        (
            b"\x89HDF\r\n\x1a\n" + b"\0" * 90,
            "x.lampas is an HDF5 file, as Keras writes them, not a Lampas file",
        ),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 90, "x.lampas is a PNG image, not a Lampas file"),
        (
            b"\n<!doctype HTML><html>",
            "x.lampas is a web page, not a Lampas file: download the file itself",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "x.lampas is a text, not a Lampas file: it begins with "
            "'version https://git-lfs.github.com/spec/'",
        ),
        ("é".encode() * 200, f"x.lampas is a text, not a Lampas file: it begins with {'é' * 32!r}"),
    ],
)
def test_what_it_is_instead(data: bytes, line: str) -> None:
    assert said(data) == line


@pytest.mark.parametrize(
    "data", [b"\n", b"\x02" + b"\0" * 7 + b"{}", b"\0\1\2", bytes(range(200, 255))]
)
def test_what_may_be_ours_or_is_nothing_known(data: bytes) -> None:
    assert said(data) is None
