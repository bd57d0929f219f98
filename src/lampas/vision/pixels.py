"""All images of a listing as uint8 of one size, behind a file: decoded once, read by the batch."""

import hashlib
import math
import mmap
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import PIL
import torch

from lampas.atomic import whole_file
from lampas.errors import ArtifactError, DataError, InputError
from lampas.vision import cache_folder
from lampas.vision.build import decode_all
from lampas.vision.cache_file import Mapped, Shape, map_cache, open_cache, write_cache
from lampas.vision.digest import Digests, read_digests
from lampas.vision.listing import Listing
from lampas.vision.policy import Skipped, leave_out
from lampas.vision.watch import watched
from lampas.vision.worker import Decoded

_VERSION = 1  # of what decode.py makes of a file: a change of it makes old caches old
_WORTH_KEEPING = 64  # images: fewer are decoded again sooner than a file is kept for them
_TOUCHED = 64 << 10  # bytes that the system maps around each row that is read
_RESIDENT = 32 << 20  # bytes of the file that may count as this process's memory


@final
class Pixels:
    """N images, uint8 (N, C, H, W), of which only what is asked for is read.

    `pixels[positions]` is a uint8 tensor (B, C, H, W) of its own memory, laid out channels_last;
    positions are a tensor, an array, a list or a slice; one integer gives one image (C, H, W).
    `digests`: uint8 (N, 16), of each image's file. A `DataLoader` takes it as a data set:
    `DataLoader(pixels, sampler=BatchSampler(RandomSampler(pixels), 128, False),
    batch_size=None)` reads whole batches.
    """

    def __init__(self, mapped: Mapped, kept: np.ndarray, digests: np.ndarray) -> None:
        self._mapped = mapped
        self._kept = kept
        self._touched = 0
        self.digests = digests

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W)."""
        _, height, width, channels = self._mapped.rows.shape
        return len(self), channels, height, width

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, positions: Any) -> torch.Tensor:
        rows = self._kept[_plain(positions)]
        images = self._mapped.rows[rows] if np.ndim(rows) else self._mapped.rows[rows].copy()
        self._let_go(images.nbytes + _TOUCHED * np.size(rows))
        return torch.from_numpy(images).movedim(-1, -3)

    def _let_go(self, touched: int) -> None:
        """Pages of the file that were read count as this process's memory until they are unmapped
        (Linux, macOS); the system's own cache still has them."""
        self._touched += touched
        if self._touched > _RESIDENT and hasattr(mmap, "MADV_DONTNEED"):
            self._mapped.memory.madvise(mmap.MADV_DONTNEED)
            self._touched = 0


def _plain(positions: Any) -> Any:
    """What NumPy can look up by: an empty list is no list of floats."""
    if isinstance(positions, (int, slice, np.integer)):
        return positions
    many = np.asarray(positions)
    return many if len(many) else many.astype(np.int64)


def load_pixels(
    listing: Listing,
    size: tuple[int, int],
    channels: int,
    *,
    workers: int | None = None,
    cache: str | Path | Literal["auto"] | None = "auto",
    progress: bool = True,
) -> tuple[Pixels, Listing, tuple[Skipped, ...]]:
    """The pixels of the images in `listing`, the listing of these, and who was left out.

    size: (height, width) that all images get, channels: 1 or 3; see `lampas.vision.decode`.
    workers: processes that decode; 0 decodes in this one; None takes as many as there are cores,
        or none for few images.
    cache: a folder; "auto" is that of `lampas.vision.cache_folder`; there a file keeps the
        pixels, found again by the contents of all images, the size and the channels. None keeps
        nothing (a temporary file is used), as "auto" does for fewer than 64 images.
    progress: a bar on stderr while images are read, on a terminal.

    Every image is read at each call, to know whether it has changed; it is decoded only where
    no whole cache file is found. Two programs that build one at once do not disturb each other.
    A damaged one is built anew. Peak memory grows by the names and some 200 bytes an image.

    Images that cannot be decoded are left out, as long as they are at most a tenth, and each
    class keeps one. Raises `DataError` otherwise, where an image changes meanwhile, and where
    the pixels cannot be written; `LampasError` where a decoding process dies: one line each.

    >>> from PIL import Image
    >>> from lampas.vision.find import find_images
    >>> with tempfile.TemporaryDirectory() as pets:
    ...     for number, pet in enumerate(("cat", "dog")):
    ...         Path(pets, pet).mkdir()
    ...         Image.new("RGB", (20, 30), (0, 0, number)).save(f"{pets}/{pet}/1.png")
    ...     pixels, listing, skipped = load_pixels(find_images(pets).train, (2, 2), 3)
    >>> listing.names, pixels.shape, pixels[1][2].tolist()
    (('cat/1.png', 'dog/1.png'), (2, 3, 2, 2), [[1, 1], [1, 1]])
    """
    digests = read_digests(listing, progress)
    shape = (len(listing), *size, channels)
    key = _key(digests, shape)
    path = _path(cache, key, len(listing))
    mapped = None if path is None else open_cache(path, key, shape)
    if mapped is None:
        # Closed, and its processes with it, at an error too, whoever keeps the traceback.
        with closing(decode_all(listing, digests, size, channels, workers)) as decoded:
            rows = watched(decoded, "Decoding images", len(listing), progress)
            mapped = _temporary(key, shape, rows) if path is None else _kept(path, key, shape, rows)
    elif path is not None:
        cache_folder.touch(path)
    skipped = leave_out(listing, mapped.bad)
    there = np.setdiff1d(np.arange(len(listing)), list(mapped.bad))
    pixels = Pixels(mapped, there, digests.of_each[there])
    return pixels, listing.take(there) if skipped else listing, skipped


def _key(digests: Digests, shape: Shape) -> str:
    made = hashlib.sha256(f"{_VERSION} {PIL.__version__} {shape}".encode())
    made.update(digests.of_each.tobytes())
    return made.hexdigest()


def _path(cache: str | Path | None, key: str, count: int) -> Path | None:
    if cache is None or (cache == "auto" and count < _WORTH_KEEPING):
        return None
    folder = cache_folder.cache_folder() if cache == "auto" else Path(cache)
    return folder / f"{key[:40]}{cache_folder.SUFFIX}"


def _temporary(key: str, shape: Shape, rows: Iterator[tuple[int, Decoded]]) -> Mapped:
    folder = Path(tempfile.gettempdir())
    with _fault_told(f"a temporary file in {folder}", "TMPDIR"):
        _check_room(folder, "TMPDIR", shape)
        with tempfile.TemporaryFile() as file:
            return map_cache(file, shape, write_cache(file, key, shape, rows))


def _kept(path: Path, key: str, shape: Shape, rows: Iterator[tuple[int, Decoded]]) -> Mapped:
    with _fault_told(str(path), "LAMPAS_CACHE"):
        with whole_file(path) as file:
            _check_room(path.parent, "LAMPAS_CACHE", shape)
            bad = write_cache(file, key, shape, rows)
        cache_folder.tidy(path.parent, path)
        with open(path, "rb") as file:
            return map_cache(file, shape, bad)


def _check_room(folder: Path, variable: str, shape: Shape) -> None:
    needed, free = math.prod(shape), shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"the pixels of {shape[0]} images take {needed / 1e9:.3g} GB, and {folder} has "
            f"{free / 1e9:.3g} GB free; make room there, or set {variable} to another folder"
        )


@contextmanager
def _fault_told(where: str, variable: str) -> Generator[None]:
    try:
        yield
    except DataError:
        raise
    except (ArtifactError, InputError, OSError) as error:
        told = isinstance(error, (ArtifactError, InputError))
        line = str(error) if told else f"cannot write {where}: {error.strerror or error}"
        raise DataError(f"{line}; set {variable} to a folder with room for the pixels") from error
