"""A bar on stderr while images are read: on a terminal or in a notebook alone."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from lampas.callbacks.bar import new_bar

T = TypeVar("T")

_PAUSE = 0.1  # seconds between two drawings


def watched(items: Iterable[T], title: str, total: int, shown: bool) -> Iterator[T]:
    """`items`, `total` of them, with a bar while they are taken, if `shown`."""
    if not shown:
        yield from items
        return
    bar = new_bar()
    try:
        bar.begin(title, total)
        drawn = time.perf_counter()
        for done, item in enumerate(items):
            if time.perf_counter() - drawn > _PAUSE:
                drawn = time.perf_counter()
                bar.show(done, "")
            yield item
    finally:
        bar.close()
