"""What is neither images nor texts, and no table: each is named for what it is."""

import gzip

import pytest

from lampas.cli.find_table import require
from lampas.cli.kinds import find
from lampas.cli.usage import UsageError
from lampas.errors import DataError, InputError

IMAGES_OR_TEXTS = "neither images (.jpg, .png, .webp, .bmp, .gif, .tif) nor texts (.txt) in it"


def refused(*paths, targets=(), error=DataError):
    with pytest.raises(InputError) as caught:
        find(list(map(str, paths)), None, targets, "utf-8")
    assert type(caught.value) is error
    return str(caught.value)


def write(path, data=b"a line\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_folders(tmp_path):
    assert refused(tmp_path) == f"{tmp_path}: nothing in it"
    write(tmp_path / ".hidden")
    assert refused(tmp_path) == f"{tmp_path}: nothing in it"
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
    (tmp_path / ".hidden").unlink()
    assert refused(tmp_path) == f"{tmp_path}: nothing in its folders (cat, dog)"
    write(tmp_path / "cat" / "1.mp4")
    assert refused(tmp_path) == f"{tmp_path}: {IMAGES_OR_TEXTS}, only cat, dog"
    write(tmp_path / "more" / "t.csv")
    require([str(tmp_path / "more")], [])  # reading it says which tables there are


def test_files(tmp_path):
    neg, empty = write(tmp_path / "neg.txt"), write(tmp_path / "pos.txt", b"")
    assert refused(neg, empty) == f"{empty}: the file is empty"
    jpeg = write(tmp_path / "plane.txt", b"\xff\xd8\xff\xe0" + bytes(99))
    assert refused(neg, jpeg) == f"{jpeg} is a JPEG image: neither a table nor text"
    pdf = write(tmp_path / "a.pdf", b"%PDF-1.4\n")
    assert refused(pdf, targets=["x"]) == f"{pdf} is a PDF: neither a table nor text"


def test_a_text_alone(tmp_path):
    neg = write(tmp_path / "neg.txt")
    assert refused(neg, error=UsageError) == (
        f"{neg}: one file of texts is one class alone: name a file for each class; if it is a "
        "table, add --target COLUMN"
    )
    assert find([str(neg)], None, ["x"], "utf-8") == "tabular"


def test_tables(tmp_path):
    require([str(write(tmp_path / "a.csv"))], [])
    require([str(write(tmp_path / "a.csv.gz", gzip.compress(b"a,b\n1,2\n")))], [])
    require([str(write(tmp_path / "a.parquet", b"PAR1\x15\0"))], [])
