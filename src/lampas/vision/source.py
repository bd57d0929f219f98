"""Where the bytes of images are: a folder, or (in archive.py) an archive."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_BYTES = 256 << 20
"""No image file is read that is larger: it would be taken into memory whole."""

TOO_LARGE = f"larger than {MOST_BYTES >> 20} MiB"


class Source(Protocol):
    """A place that holds images by name."""

    def stream(self, names: Sequence[str]) -> Iterator[tuple[int, bytes | str]]:
        """Each of `names` once, in the order that is cheapest to read: its position among them,
        and its bytes, or why there are none. Raises `DataError` where the place itself fails."""
        ...

    def shown(self, name: str) -> str:
        """What messages call the image `name`."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Files under `root`; a name is a path from there, an absolute one stands for itself."""

    root: str

    def stream(self, names: Sequence[str]) -> Iterator[tuple[int, bytes | str]]:
        """See `Source`."""
        for position, name in enumerate(names):
            yield position, _read(os.path.join(self.root, name))

    def shown(self, name: str) -> str:
        """The file's path."""
        return os.path.join(self.root, name)


def _read(path: str) -> bytes | str:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return "cannot be read (it is no file)"  # to open a pipe would wait for ever
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    return TOO_LARGE if len(data) > MOST_BYTES else data
