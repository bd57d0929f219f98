"""Processes that read the batches of one pass, a few ahead of who trains on them.

Not torch's `DataLoader`: its workers are known to a handler that may raise in the middle of a step
when one of them dies, and each tensor costs a handshake. These are forked when the order of the
pass is drawn: each knows it, and reads every so-manieth batch, so nothing but batches goes
through the pipes, and tensors not even there.
"""

import ctypes
import gc
import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any

import torch

from lampas.data.reading import DrawsLateError, Place
from lampas.data.slots import Slot

_PATIENCE = 0.5  # seconds that a process has to end by itself


class ReaderError(Exception):
    """A process that read ahead failed; the message says how, in a few words."""


@dataclass(frozen=True, slots=True)
class _Reader:
    process: Any
    pipe: Connection
    slots: list[Slot]


class ReadAhead:
    """`count` processes that `read` the batches of `places`, each up to `depth` ahead.

    slot_bytes: the size of a batch; larger ones take longer. timeout: seconds that a batch may
    take. is_pinned: tensors come in page-locked memory, from which CUDA copies meanwhile. `places`
    is not moved in this process. Needs a system that forks; raises `OSError` where it cannot.
    """

    def __init__(
        self, read: Callable[[Place], Any], places: Iterator[Place], count: int, depth: int,
        *, slot_bytes: int, timeout: float, is_pinned: bool = False,
    ) -> None:  # fmt: skip
        self._timeout = timeout
        self._is_pinned = is_pinned
        self._taken = 0
        self._readers: list[_Reader] = []
        try:
            for number in range(count):
                slots = [Slot(slot_bytes) for _ in range(depth)]
                self._start(read, islice(places, number, None, count), slots)
        except BaseException:
            self.close()
            raise

    def _start(
        self, read: Callable[[Place], Any], places: Iterator[Place], slots: list[Slot]
    ) -> None:
        context: Any = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        inherited = [ours, *(reader.pipe for reader in self._readers)]
        task = (read, places, theirs, slots, inherited, os.getpid())
        process = context.Process(target=_serve, args=task, daemon=True)
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns of threads; what a lock left behind stops is timed out.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._readers.append(_Reader(process, ours, slots))

    def next(self) -> Any:
        """The next batch. Raises `ReaderError` where there is none to be had."""
        if not self._readers:
            raise ReaderError("workers were ended")
        turn, reader = divmod(self._taken, len(self._readers))
        found = self._answer_of(self._readers[reader])
        self._taken += 1
        slots = self._readers[reader].slots
        message, error = found[1:], found[:1] != b"+"
        if error:
            raise ReaderError(message.decode())
        batch = slots[turn % len(slots)].load(message, is_pinned=self._is_pinned)
        with suppress(OSError):  # it may have read all that it had to, and have gone
            self._readers[reader].pipe.send_bytes(b"free")
        return batch

    def _answer_of(self, reader: _Reader) -> bytes:
        ready = wait([reader.pipe, reader.process.sentinel], self._timeout)
        if not ready:
            raise ReaderError(f"it did not answer for {self._timeout:.0f} s")
        with suppress(EOFError, OSError):
            if reader.pipe.poll():
                return reader.pipe.recv_bytes()
        reader.process.join(_PATIENCE)
        raise ReaderError(f"it ended with code {reader.process.exitcode}")

    def close(self) -> None:
        """End them: those that have nothing to do any more at once, one that reads after half a
        second."""
        readers, self._readers = self._readers, []
        for reader in readers:
            reader.pipe.close()
        until = time.monotonic() + _PATIENCE
        for reader in readers:
            reader.process.join(max(0.0, until - time.monotonic()))
            if reader.process.is_alive():
                reader.process.kill()
                reader.process.join()
            with suppress(ValueError):  # where the program ignores SIGCHLD nobody knows its end
                reader.process.close()


def _serve(
    read: Callable[[Place], Any], places: Iterator[Place], pipe: Connection, slots: list[Slot],
    inherited: list[Connection], parent: int,
) -> None:  # fmt: skip
    _die_with(parent)
    # Ctrl-C reaches a whole group of processes, and a handler of the parent's is inherited: to end
    # these is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for one in inherited:  # or a parent's end would not be noticed
        one.close()
    torch.set_num_threads(1)
    gc.freeze()  # a collection would copy the parent's memory, and end things of its
    with suppress(EOFError, OSError):  # nobody waits for more
        for number, place in enumerate(places):
            if number >= len(slots):
                pipe.recv_bytes()
            try:
                answer = b"+" + slots[number % len(slots)].dump(read(place))
            except DrawsLateError as error:
                pipe.send_bytes(f"-{error}".encode())
                return
            except Exception as error:
                pipe.send_bytes(f"-{type(error).__name__}: {error}".encode(errors="replace"))
                return
            pipe.send_bytes(answer)


def _die_with(parent: int) -> None:
    """A process that reads on after its parent was killed would hold the lock of a run's folder."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


_PARENT_DEATH = 1  # PR_SET_PDEATHSIG
