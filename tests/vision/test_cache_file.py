"""The cache file: what goes in comes out, and no damage passes."""

import numpy as np
import pytest

from lampas.vision.cache_file import map_cache, open_cache, write_cache

SHAPE = (5, 3, 4, 2)
ROWS = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)


def rows(order=range(5), bad=(2,)):
    return ((one, "the file is empty" if one in bad else ROWS[one]) for one in order)


def write(path, key="k", found=None):
    with open(path, "wb") as file:
        return write_cache(file, key, SHAPE, rows() if found is None else found)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2, 0, 1, 3], [2, 4, 3, 1, 0]])
def test_rows_come_back_whatever_their_order(tmp_path, order):
    path = tmp_path / "x.pixels"
    assert write(path, found=rows(order)) == {2: "the file is empty"}
    mapped = open_cache(path, "k", SHAPE)
    assert mapped is not None
    assert mapped.bad == {2: "the file is empty"}
    kept = [0, 1, 3, 4]
    np.testing.assert_array_equal(mapped.rows[kept], ROWS[kept])


def test_the_last_rows_may_be_bad(tmp_path):
    path = tmp_path / "x.pixels"
    assert write(path, found=rows(bad=(3, 4))).keys() == {3, 4}
    mapped = open_cache(path, "k", SHAPE)
    assert mapped is not None
    np.testing.assert_array_equal(mapped.rows[:3], ROWS[:3])


def test_what_is_mapped_cannot_be_written_and_outlives_its_name(tmp_path):
    path = tmp_path / "x.pixels"
    bad = write(path)
    with open(path, "rb") as file:
        mapped = map_cache(file, SHAPE, bad)
    path.unlink()
    np.testing.assert_array_equal(mapped.rows[4], ROWS[4])
    with pytest.raises(ValueError, match="read-only"):
        mapped.rows[0] = 0


def test_no_file(tmp_path):
    assert open_cache(tmp_path / "x.pixels", "k", SHAPE) is None
    assert open_cache(tmp_path, "k", SHAPE) is None


def test_another_key_or_shape(tmp_path):
    path = tmp_path / "x.pixels"
    write(path)
    assert open_cache(path, "other", SHAPE) is None
    assert open_cache(path, "k", (5, 4, 3, 2)) is None
    assert open_cache(path, "k", (4, 3, 4, 2)) is None


def test_every_flipped_byte_is_noticed(tmp_path):
    """Those of gaps aside, which nobody reads."""
    path = tmp_path / "x.pixels"
    write(path)
    data = path.read_bytes()
    gap = range(2 * 24, 3 * 24)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        path.write_bytes(bytes(damaged))
        assert (open_cache(path, "k", SHAPE) is None) is (place not in gap), place


def test_every_shorter_or_longer_file_is_noticed(tmp_path):
    path = tmp_path / "x.pixels"
    write(path)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert open_cache(path, "k", SHAPE) is None
    path.write_bytes(data + b"\0")
    assert open_cache(path, "k", SHAPE) is None
    path.write_bytes(data + bytes(1 << 20))
    assert open_cache(path, "k", SHAPE) is None
