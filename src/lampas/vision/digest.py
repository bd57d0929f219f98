"""What is in the files, as 16 bytes each: a changed image is always noticed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lampas.vision.listing import Listing
from lampas.vision.watch import watched


@dataclass(frozen=True, slots=True)
class Digests:
    """`of_each`: uint8 (N, 16), the BLAKE2b of each image's bytes. `bytes_read`: of all."""

    of_each: np.ndarray
    bytes_read: int


def digest(data: bytes | str) -> bytes:
    """16 bytes of BLAKE2b of a file's bytes, or of the reason why there are none."""
    content = data if isinstance(data, bytes) else b"\0no bytes: " + data.encode()
    return hashlib.blake2b(content, digest_size=16).digest()


def read_digests(listing: Listing, shown: bool) -> Digests:
    """Read each image once. A file's date and size would be cheaper to ask, and can lie.

    shown: with a bar, where somebody is watching.
    """
    found = np.zeros((len(listing), 16), np.uint8)
    total = 0
    stream = listing.source.stream(listing.names)
    for position, data in watched(stream, "Reading images", len(listing), shown):
        found[position] = np.frombuffer(digest(data), np.uint8)
        total += len(data)
    return Digests(found, total)


def shared_images(
    train: Sequence[str], in_train: np.ndarray, held_out: Sequence[str], in_held_out: np.ndarray
) -> str | None:
    """A line where images of the training are held out too, byte by byte the same.

    train, held_out: their names; in_train, in_held_out: their digests, uint8 (N, 16).

    >>> one = np.zeros((1, 16), np.uint8)
    >>> shared_images(["a.png"], one, ["b.png"], one)
    '1 of 1 held-out images is in the training too (b.png is a.png): its score says nothing'
    """
    known = {row.tobytes(): position for position, row in enumerate(in_train)}
    both = [
        (position, known[row.tobytes()])
        for position, row in enumerate(in_held_out)
        if row.tobytes() in known
    ]
    if not both:
        return None
    first = f"{held_out[both[0][0]]} is {train[both[0][1]]}"
    verb, whose = ("is", "its score says") if len(both) == 1 else ("are", "their scores say")
    return (
        f"{len(both)} of {len(held_out)} held-out images {verb} in the training too ({first}): "
        f"{whose} nothing"
    )
