"""What Python's own reader takes for the end of a tar, and what it is."""

import io
import tarfile

import pytest

from lampas.vision.whole_tar import WholeTar

MEMBER = 1536  # bytes: a header and 1000 bytes of data in whole blocks


@pytest.fixture
def tar():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number in range(3):
            info = tarfile.TarInfo(f"{number}")
            info.size = 1000
            archive.addfile(info, io.BytesIO(b"x" * 1000))
    return file.getvalue()


def read(data):
    with WholeTar.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
        return [info.name for info in archive.in_turn()], archive.has_end


def test_a_whole_one(tar):
    assert read(tar) == (["0", "1", "2"], True)
    assert read(tar[: 3 * MEMBER + 512]) == (["0", "1", "2"], True)


def test_one_without_an_end(tar):
    assert read(tar[: 2 * MEMBER]) == (["0", "1"], False)


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        (0, "empty file"),
        (100, "truncated header"),
        (2 * MEMBER - 1, "unexpected end of data"),
        (2 * MEMBER + 1, "truncated header"),
        (2 * MEMBER + 511, "truncated header"),
        (2 * MEMBER + 600, "unexpected end of data"),
    ],
)
def test_one_that_is_cut(tar, length, reason):
    with pytest.raises(tarfile.ReadError) as caught:
        read(tar[:length])
    assert str(caught.value) == reason
