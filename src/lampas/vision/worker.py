"""Processes that decode images: this module is both what they run and who talks to them.

Not `multiprocessing`: a spawned process of it runs the user's script once more, unless that has
its `if __name__ == "__main__"`; a forked one inherits the threads' locks. These start from
nothing and import neither the script nor torch. Pickles go over their pipes alone.
"""

import os
import pickle
import queue
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from lampas.errors import LampasError
from lampas.process import serving
from lampas.vision.decode import try_to_decode

Decoded = np.ndarray | str
"""The pixels (H, W, C) of an image, or why there are none."""


class Decoders:
    """`count` processes that make uint8 pixels of `size` with `channels` of image files.

    To be used in a `with` block, at whose end the processes are gone.
    """

    def __init__(self, count: int, size: tuple[int, int], channels: int) -> None:
        self._settings = size, channels
        self._all = [_start() for _ in range(count)]
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        for process in self._all:
            self._idle.put(process)

    def decode(self, files: Sequence[bytes | str]) -> list[Decoded]:
        """What becomes of each of `files`; waits for an idle process, and then for it.

        May be called from as many threads as there are processes. Raises `LampasError` where
        the process dies of it.
        """
        process = self._idle.get()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((*self._settings, files), process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            found: list[Decoded] = pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise LampasError(
                f"a process that decodes images ended with code {process.wait()}: where memory "
                "is short, pass workers=1"
            ) from error
        finally:
            self._idle.put(process)
        return found

    def __enter__(self) -> "Decoders":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._all:
            process.kill()  # it holds nothing that could be lost
        for process in self._all:
            process.communicate()


def _start() -> subprocess.Popen[bytes]:
    command = serving("lampas.vision.worker")
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def serve() -> None:
    """Answer on standard output what comes in on standard input, until that ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder may print must not come between the answers
    while True:
        try:
            task: Any = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        size, channels, files = task
        found = [try_to_decode(file, size, channels) for file in files]
        pickle.dump(found, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
