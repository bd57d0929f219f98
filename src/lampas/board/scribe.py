"""The process that writes a run's log: this module is both what it runs and who talks to it.

A step of a small net takes 100 µs; an event takes as long to be made and checksummed in Python.
So the training hands over bare numbers, in a few microseconds, and this process does the rest on
a core of its own. It starts from nothing and imports neither the script nor torch.
"""

import os
import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from lampas.board.bins import Bins, of_values
from lampas.board.event_file import EventFile, event_types, histograms_event, scalars_event
from lampas.process import serving

Row = tuple[int, float, dict[str, float]]
"""Scalars of one step: the step, the time in seconds since 1970, {tag: value}."""


Values = tuple[int, float, tuple[str, ...], tuple[int, ...], np.ndarray]
"""Tensors of one step: step and time, their tags, their sizes, and all their values in a row."""


class Scribe:
    """Writes into `folder`, a run of TensorBoard's for each sub-folder, in a process of its own.

    What is told is on its way, not yet written: an `OSError` of the writing, with its reason, is
    raised by a later call, at the latest by `close`.
    """

    def __init__(self, folder: Path) -> None:
        command = serving("lampas.board.scribe")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._tell("folder", str(folder))

    def scalars(self, run: str, rows: list[Row]) -> None:
        """Scalars of several steps."""
        self._tell("scalars", run, rows)

    def histograms(self, run: str, step: int, moment: float, found: dict[str, Bins]) -> None:
        """Histograms that are counted already."""
        self._tell("histograms", run, step, moment, found)

    def values(self, run: str, several: list[Values]) -> None:
        """Histograms to be counted there."""
        self._tell("values", run, several)

    def event(self, run: str, event: bytes) -> None:
        """A whole event, as TensorBoard serialises it."""
        self._tell("event", run, event)

    def close(self) -> None:
        """Wait until all is written. Raises `OSError` where it could not be."""
        if self._process.returncode is None:
            # Said, and not left to the end of the pipe: forked loader workers hold it open.
            self._tell("close")
            self._end()

    def _tell(self, *message: Any) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # a pipe without a reader; one that is closed
            self._end()
            raise OSError("the process that writes the log is gone") from error

    def _end(self) -> None:
        """Take leave of the process. Raises `OSError` with what it could not write."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        why = self._process.stdout.read().decode(errors="replace")
        code = self._process.wait()
        self._process.stdout.close()
        with suppress(OSError):
            self._process.stdin.close()
        if code:
            raise OSError(why or f"the process that writes the log ended with code {code}")


def serve() -> None:
    """Write what comes in on standard input; say on standard output why that failed."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    code = 0
    try:
        _write_all()
    except OSError as error:
        answers.write(error.strerror or str(error))
        answers.close()
        code = 1
    # Somebody waits for the end; and what the buffers could not write is not to be tried again.
    os._exit(code)


def _write_all() -> None:
    folder, files = Path(), dict[str, EventFile]()
    while True:
        try:
            kind, *rest = pickle.load(sys.stdin.buffer)
        except EOFError:  # the training was killed: what it told is worth keeping
            kind, rest = "close", []
        if kind == "folder":
            folder = Path(rest[0])
        elif kind == "close":
            for file in files.values():
                file.close()
            return
        else:
            run = rest[0]
            if run not in files:
                files[run] = EventFile(folder / run)
            _write(files[run], kind, rest[1:])


def _write(file: EventFile, kind: str, rest: list[Any]) -> None:
    if kind == "scalars":
        for row in rest[0]:
            file.add_event(scalars_event(*row))
    elif kind == "histograms":
        file.add_event(histograms_event(*rest))
    elif kind == "values":
        for step, moment, tags, sizes, flat in rest[0]:
            file.add_event(histograms_event(step, moment, _counted(tags, sizes, flat)))
    else:
        file.add_event(event_types().Event.FromString(rest[0]))


def _counted(tags: tuple[str, ...], sizes: tuple[int, ...], flat: np.ndarray) -> dict[str, Bins]:
    found: dict[str, Bins] = {}
    start = 0
    for tag, size in zip(tags, sizes, strict=True):
        bins = of_values(flat[start : start + size])
        start += size
        if bins is not None:
            found[tag] = bins
    return found
