"""Decoding all: the same pixels here and in processes, in pieces that fit into memory."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lampas.errors import DataError
from lampas.tables.schema import Schema
from lampas.vision import build as module
from lampas.vision.build import decode_all
from lampas.vision.digest import read_digests
from lampas.vision.listing import Listing
from lampas.vision.source import Folder

RNG = np.random.default_rng(0)


@pytest.fixture
def listing(tmp_path):
    names = tuple(f"{number:03}.png" for number in range(150))
    for name in names:
        Image.fromarray(RNG.integers(0, 256, (6, 6, 3), dtype=np.uint8)).save(tmp_path / name)
    (tmp_path / names[7]).write_bytes(b"")
    (tmp_path / names[8]).unlink()
    return Listing(names, Folder(str(tmp_path)), pd.DataFrame(index=names), Schema((), "binary"))


def decoded(listing, workers, size=(6, 6)):
    digests = read_digests(listing, shown=False)
    return dict(decode_all(listing, digests, size, 3, workers))


def test_here_and_in_processes_it_is_the_same(listing):
    here, there = decoded(listing, 0), decoded(listing, 2)
    assert sorted(here) == sorted(there) == list(range(150))
    for position in range(150):
        np.testing.assert_array_equal(here[position], there[position])
    assert here[7] == "the file is empty"
    assert here[8] == "cannot be read (No such file or directory)"


def test_few_images_are_decoded_here_and_many_by_one_process_a_core(listing, monkeypatch):
    digests = read_digests(listing, shown=False)
    assert module._workers(listing, digests) == 0
    monkeypatch.setattr(module, "_SMALL", 1 << 16)
    monkeypatch.setattr(module, "usable_cores", lambda: 3)
    assert module._workers(listing, digests) == 3


@pytest.mark.parametrize(
    ("most", "lengths", "wanted"),
    [
        (64, [10] * 150, [64, 64, 22]),
        (1000, [10] * 65, [64, 1]),
        (2, [10] * 5, [2, 2, 1]),
        (0, [10] * 3, [1, 1, 1]),
        (64, [5 << 20, 1, 3 << 20, 1 << 20, 1], [1, 3, 1]),
        (64, [], []),
    ],
)
def test_pieces_are_bounded_in_images_and_bytes(most, lengths, wanted):
    stream = ((position, bytes(length)) for position, length in enumerate(lengths))
    pieces = list(module._chunks(stream, most))
    assert [len(positions) for positions, _ in pieces] == wanted
    assert [one for positions, _ in pieces for one in positions] == list(range(len(lengths)))


def test_an_image_that_changes_meanwhile(listing, tmp_path):
    digests = read_digests(listing, shown=False)
    Image.new("RGB", (6, 6)).save(tmp_path / "009.png")
    with pytest.raises(DataError) as caught:
        list(decode_all(listing, digests, (6, 6), 3, 0))
    wanted = f"{tmp_path}/009.png: changed while it was read: try again when it is at rest"
    assert str(caught.value) == wanted


def test_no_process_is_left_when_the_caller_stops(listing, monkeypatch):
    started = []
    start = module.Decoders

    def watched(*arguments):
        started.append(start(*arguments))
        return started[0]

    monkeypatch.setattr(module, "Decoders", watched)
    rows = decode_all(listing, read_digests(listing, shown=False), (6, 6), 3, 2)
    next(rows)
    rows.close()
    assert [process.returncode for process in started[0]._all] == [-9, -9]
