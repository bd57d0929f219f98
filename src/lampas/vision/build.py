"""Decode all images of a listing once, in processes of their own where that is worth while."""

import math
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from lampas.cores import usable_cores
from lampas.errors import DataError
from lampas.vision.decode import try_to_decode
from lampas.vision.digest import Digests, digest
from lampas.vision.listing import Listing
from lampas.vision.worker import Decoded, Decoders

_CHUNK_IMAGES = 64
_CHUNK_BYTES = 4 << 20  # of files, and of pixels, that one process is given at a time
_SMALL = 8 << 20  # bytes to decode, and 1 kB an image, that are over before a process has started

Chunk = tuple[list[int], list[bytes | str]]


def decode_all(
    listing: Listing, digests: Digests, size: tuple[int, int], channels: int, workers: int | None
) -> Generator[tuple[int, Decoded]]:
    """Each image's position, and its pixels (H, W, C) or why there are none; in any order.

    digests: of the same images, read before. workers: how many processes; 0 decodes here; None
    takes one for each core this process may use, or 0 where there is little to do.

    Memory is bounded by what 2 · workers + 1 chunks of 4 MiB take. Raises `DataError` where an
    image has changed since `digests`.
    """
    count = _workers(listing, digests) if workers is None else workers
    chunks = _chunks(_unchanged(listing, digests), _CHUNK_BYTES // (math.prod(size) * channels))
    if count == 0:
        for positions, files in chunks:
            found = [try_to_decode(file, size, channels) for file in files]
            yield from zip(positions, found, strict=True)
        return
    # Left in the other order: what is still under way ends with its process.
    with ThreadPoolExecutor(count) as threads, Decoders(count, size, channels) as decoders:
        yield from _in_turn(chunks, decoders, threads, 2 * count)


def _workers(listing: Listing, digests: Digests) -> int:
    if digests.bytes_read + 1024 * len(listing) < _SMALL:
        return 0
    return usable_cores()


def _unchanged(listing: Listing, digests: Digests) -> Iterator[tuple[int, bytes | str]]:
    for position, data in listing.source.stream(listing.names):
        if digest(data) != digests.of_each[position].tobytes():
            name = listing.source.shown(listing.names[position])
            raise DataError(f"{name}: changed while it was read: try again when it is at rest")
        yield position, data


def _chunks(stream: Iterable[tuple[int, bytes | str]], most: int) -> Iterator[Chunk]:
    """`stream` in pieces of at most `most` images, and of not much over `_CHUNK_BYTES`."""
    most = max(1, min(most, _CHUNK_IMAGES))
    positions: list[int] = []
    files: list[bytes | str] = []
    total = 0
    for position, data in stream:
        positions.append(position)
        files.append(data)
        total += len(data)
        if len(files) == most or total >= _CHUNK_BYTES:
            yield positions, files
            positions, files, total = [], [], 0
    if files:
        yield positions, files


def _in_turn(
    chunks: Iterator[Chunk], decoders: Decoders, threads: ThreadPoolExecutor, ahead: int
) -> Iterator[tuple[int, Decoded]]:
    """Results in the order of `chunks`, with at most `ahead` of them under way."""
    pending: deque[tuple[list[int], Future[list[Decoded]]]] = deque()
    for positions, files in chunks:
        pending.append((positions, threads.submit(decoders.decode, files)))
        if len(pending) > ahead:
            yield from _next(pending)
    while pending:
        yield from _next(pending)


def _next(
    pending: deque[tuple[list[int], Future[list[Decoded]]]],
) -> Iterator[tuple[int, Decoded]]:
    positions, future = pending.popleft()
    yield from zip(positions, future.result(), strict=True)
