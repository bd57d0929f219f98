"""Pixels behind a file: right, read by the batch, safe beside others, each fault one line."""

import os
import re
import resource
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from lampas.errors import DataError
from lampas.tables.schema import Column, Schema
from lampas.vision import pixels as module
from lampas.vision.decode import decode
from lampas.vision.find import find_images
from lampas.vision.listing import Listing, unlabelled
from lampas.vision.pixels import load_pixels
from lampas.vision.policy import Skipped
from lampas.vision.source import Folder

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 6, 5, 3), dtype=np.uint8)
SCHEMA = Schema((Column("class", "target", values=("a", "b")),), "binary")


@pytest.fixture
def listing(tmp_path):
    (tmp_path / "pets").mkdir()
    names = tuple(f"{number:02}.png" for number in range(len(IMAGES)))
    for name, image in zip(names, IMAGES, strict=True):
        Image.fromarray(image).save(tmp_path / "pets" / name)
    return Listing(names, Folder(str(tmp_path / "pets")), unlabelled(names), SCHEMA)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def load(listing, cache, size=(6, 5), channels=3):
    return load_pixels(listing, size, channels, cache=cache, workers=0, progress=False)


def never(*_):
    raise AssertionError("it should have been in the cache")


def files(cache):
    return sorted(cache.iterdir())


@pytest.mark.parametrize("kept", [True, False])
def test_images_come_back_by_positions_of_every_kind(listing, cache, kept):
    pixels, same, skipped = load(listing, cache if kept else None)
    assert same is listing
    assert skipped == ()
    assert pixels.shape == (40, 3, 6, 5)
    assert len(pixels) == 40
    wanted = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)
    order = [5, 0, 39, 5]
    for positions in (order, np.array(order), torch.tensor(order)):
        found = pixels[positions]
        assert found.dtype == torch.uint8
        assert torch.equal(found, wanted[order])
        assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(pixels[3:9:2], wanted[3:9:2])
    assert torch.equal(pixels[-1], wanted[-1])
    assert torch.equal(pixels[np.int64(7)], wanted[7])
    assert pixels[[]].shape == (0, 3, 6, 5)
    with pytest.raises(IndexError):
        pixels[40]


def test_a_batch_has_memory_of_its_own(listing, cache):
    pixels, _, _ = load(listing, cache)
    for positions in ([0, 1], slice(0, 2), 0):
        pixels[positions].zero_()
    assert torch.equal(pixels[0], torch.from_numpy(IMAGES[0]).permute(2, 0, 1))


def test_a_data_loader_takes_them_by_the_batch(listing, cache):
    pixels, _, _ = load(listing, cache)
    sampler = BatchSampler(RandomSampler(pixels), 16, drop_last=False)
    batches = list(DataLoader(pixels, sampler=sampler, batch_size=None))
    assert [len(batch) for batch in batches] == [16, 16, 8]
    assert int(torch.cat(batches).sum()) == int(IMAGES.sum())


def test_the_second_time_nothing_is_decoded(listing, cache, monkeypatch):
    first, _, _ = load(listing, cache)
    monkeypatch.setattr(module, "decode_all", never)
    again, _, _ = load(listing, cache)
    assert torch.equal(first[:], again[:])
    assert len(files(cache)) == 1


def test_nor_where_the_same_images_lie_elsewhere(listing, cache, tmp_path, monkeypatch):
    load(listing, cache)
    (tmp_path / "pets").rename(tmp_path / "animals")
    monkeypatch.setattr(module, "decode_all", never)
    moved = Listing(listing.names, Folder(str(tmp_path / "animals")), listing.frame, SCHEMA)
    assert torch.equal(load(moved, cache)[0][0], torch.from_numpy(IMAGES[0]).permute(2, 0, 1))


def test_a_changed_image_is_noticed_though_size_and_date_are_the_same(listing, cache, tmp_path):
    paths = [tmp_path / "pets" / name for name in ("00.bmp", "01.bmp")]
    for path, colour in zip(paths, (10, 20), strict=True):
        Image.new("RGB", (5, 6), (colour,) * 3).save(path)
    names = ("00.bmp", "01.bmp")
    bitmaps = Listing(names, listing.source, unlabelled(names), SCHEMA)
    assert load(bitmaps, cache)[0][0].unique().tolist() == [10]
    status = paths[0].stat()
    paths[0].write_bytes(paths[1].read_bytes())
    os.utime(paths[0], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert paths[0].stat().st_size == status.st_size
    assert load(bitmaps, cache)[0][0].unique().tolist() == [20]


@pytest.mark.parametrize("size", [(3, 9), (12, 12)])
def test_they_are_what_decoding_each_file_gives(listing, cache, size):
    pixels, _, _ = load(listing, cache, size)
    for position, data in listing.source.stream(listing.names):
        wanted = decode(data, size, 3, "")
        np.testing.assert_array_equal(pixels[position].permute(1, 2, 0).numpy(), wanted)


def test_other_settings_have_files_of_their_own(listing, cache):
    for size, channels in (((6, 5), 3), ((6, 5), 1), ((5, 6), 3)):
        assert load(listing, cache, size, channels)[0].shape == (40, channels, *size)
    load(listing.take(range(39)), cache)
    load(listing.take([1, 0, *range(2, 40)]), cache)
    assert len(files(cache)) == 5


def test_another_pillow_decodes_again(listing, cache, monkeypatch):
    load(listing, cache)
    monkeypatch.setattr("PIL.__version__", "99.0")
    load(listing, cache)
    assert len(files(cache)) == 2


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "other"])
def test_a_damaged_cache_is_built_anew(listing, cache, damage):
    first, _, _ = load(listing, cache)
    (path,) = files(cache)
    data = bytearray(path.read_bytes())
    data[1234] ^= 1
    damaged = {"flip": bytes(data), "cut": data[:-9], "empty": b"", "other": b"hello" * 999}
    path.unlink()  # the old file stays mapped, as another program's would
    path.write_bytes(damaged[damage])
    again, _, _ = load(listing, cache)
    assert torch.equal(again[:], first[:])
    assert path.read_bytes()[1234] == data[1234] ^ 1


def test_bad_images_are_left_out_of_pixels_listing_and_the_next_time_too(listing, cache, tmp_path):
    (tmp_path / "pets" / "03.png").write_bytes(b"")
    (tmp_path / "pets" / "20.png").write_bytes(b"text, not pixels")
    wanted = torch.from_numpy(np.delete(IMAGES, [3, 20], axis=0)).permute(0, 3, 1, 2)
    for _ in range(2):
        pixels, found, skipped = load(listing, cache)
        assert torch.equal(pixels[:], wanted)
        assert len(found) == len(pixels.digests) == 38
        assert not {"03.png", "20.png"} & set(found.names)
        assert list(found.frame.index) == list(found.names)
        assert skipped == (
            Skipped("03.png", "the file is empty"),
            Skipped("20.png", "not an image: it begins with b'text, no'"),
        )


def test_too_many_bad_images_are_refused(listing, cache, tmp_path):
    for number in range(5):
        (tmp_path / "pets" / f"{number:02}.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        load(listing, cache)
    assert str(caught.value) == (
        "5 of 40 images cannot be read, more than a tenth; the first: "
        f"{tmp_path}/pets/00.png: the file is empty"
    )


def test_auto_keeps_many_images_in_the_users_folder_and_few_nowhere(listing, cache, monkeypatch):
    monkeypatch.setenv("LAMPAS_CACHE", str(cache))
    load(listing, "auto")
    assert not cache.exists()
    monkeypatch.setattr(module, "_WORTH_KEEPING", 40)
    load(listing, "auto")
    assert [path.suffix for path in files(cache / "images")] == [".pixels"]


def test_two_programs_at_once(listing, cache, tmp_path):
    """Both build the same file, at the same time, and neither sees half of it."""
    code = f"""if True:
        import sys
        from lampas.vision.find import find_images
        from lampas.vision.pixels import load_pixels
        from lampas.tables.schema import Column, Schema
        like = Schema((Column("class", "target", values=("a", "b")),), "binary")
        listing = find_images({str(tmp_path / "pets")!r}, like=like).everything
        print("ready", flush=True)
        sys.stdin.readline()
        for count in range(40, 20, -1):
            part = listing.take(range(count))
            pixels, _, _ = load_pixels(part, (6, 5), 3, cache={str(cache)!r}, workers=0)
            print(int(pixels[:].long().sum()))
    """
    source = Path(__file__).parents[2] / "src"
    env = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": env}
    both = [subprocess.Popen(command, **pipes) for _ in range(2)]
    assert [one.stdout.readline() for one in both] == ["ready\n"] * 2
    for one in both:
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    sums = [int(IMAGES[:count].sum()) for count in range(40, 20, -1)]
    assert [list(map(int, lines.split())) for lines in said] == [sums] * 2
    assert [path.suffix for path in files(cache)] == [".pixels"] * 20  # nothing half-written


def test_a_full_disk_is_told_before_it_is_full(listing, cache, monkeypatch):
    cache.mkdir()
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 3000})())
    with pytest.raises(DataError) as caught:
        load(listing, cache)
    assert str(caught.value) == (
        f"the pixels of 40 images take 3.6e-06 GB, and {cache} has 3e-06 GB free; make room "
        "there, or set LAMPAS_CACHE to another folder"
    )
    assert files(cache) == []


@pytest.mark.parametrize("kept", [True, False])
def test_a_write_that_fails_half_way_is_told(listing, cache, monkeypatch, tmp_path, kept):
    """A limit on the size of files fails as a full disk does, in the middle."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, former[1]))
        with pytest.raises(DataError) as caught:
            load(listing, cache if kept else None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
        signal.signal(signal.SIGXFSZ, handler)
    if kept:
        line = re.sub("[0-9a-f]{40}", "KEY", str(caught.value))
        assert line == (
            f"cannot write {cache}/KEY.pixels: File too large; set LAMPAS_CACHE to a folder with "
            "room for the pixels"
        )
        assert files(cache) == []
    else:
        assert str(caught.value) == (
            f"cannot write a temporary file in {tmp_path}: File too large; set TMPDIR to a folder "
            "with room for the pixels"
        )


def test_a_cache_that_cannot_be_there(listing, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        load(listing, tmp_path / "file")
    assert re.sub("[0-9a-f]{40}", "KEY", str(caught.value)) == (
        f"cannot write {tmp_path}/file/KEY.pixels: {tmp_path}/file is a file, not a folder; set "
        "LAMPAS_CACHE to a folder with room for the pixels"
    )


def test_pages_of_the_file_are_let_go(listing, cache, monkeypatch):
    """What was read does not stay with this process, however often it is read."""
    let_go = []

    class Memory:
        def __init__(self, memory):
            self.memory = memory

        def madvise(self, advice):
            let_go.append(advice)
            self.memory.madvise(advice)

    pixels, _, _ = load(listing, cache)
    before = pixels[:]
    object.__setattr__(pixels._mapped, "memory", Memory(pixels._mapped.memory))
    for _ in range(100):
        pixels[[3, 4, 5, 6, 7, 8, 9, 10]]
    assert len(let_go) == 1  # 8 rows of 64 KiB and 90 bytes each: at 32 MiB
    assert torch.equal(pixels[:], before)


def test_folders_from_end_to_end(tmp_path):
    for part, count in (("train", 6), ("test", 2)):
        for show, value in (("dark", 20), ("light", 220)):
            (tmp_path / part / show).mkdir(parents=True)
            for number in range(count):
                image = Image.new("RGB", (9, 7), (value + number, 0, 0))
                image.save(tmp_path / part / show / f"{number}.png")
    found = find_images(tmp_path)
    pixels, listing, _ = load_pixels(found.train, (4, 4), 1, progress=False)
    assert pixels.shape == (12, 1, 4, 4)
    bright = pixels[:].float().mean((1, 2, 3)) > 30
    assert bright.tolist() == [show == "light" for show in listing.frame["class"]]


def test_the_real_folder(tmp_path):
    """CIFAR-2 out of its tar: every twentieth image, against Pillow alone."""
    data = Path(os.environ.get("LAMPAS_DATA", ""), "cifar2", "cifar2.tar")
    if "LAMPAS_DATA" not in os.environ or not data.exists():
        pytest.skip("LAMPAS_DATA does not name a folder with cifar2/cifar2.tar")
    found = find_images(data)
    assert (len(found.train), len(found.held_out)) == (10_000, 2000)
    part = found.train.take(range(0, 10_000, 20))
    pixels, listing, skipped = load_pixels(part, (32, 32), 3, cache=tmp_path, progress=False)
    assert skipped == ()
    assert listing.frame["class"].value_counts().to_dict() == {"airplane": 250, "automobile": 250}
    with tarfile.open(data) as packed:
        for position in (0, 249, 499):
            image = Image.open(packed.extractfile(listing.names[position]))
            wanted = torch.from_numpy(np.array(image)).permute(2, 0, 1)
            assert torch.equal(pixels[position], wanted)
