"""A process that compiles one graph while the run goes on: this module is both what it runs and
who talks to it.

Torch's compiler is Python that runs for seconds: in a thread it would slow the training down. The
process starts from nothing and imports no script. Pickles go over its pipe alone.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any

import torch
from torch import Tensor, fx

from lampas.jit.artifacts import keep, make
from lampas.jit.reasons import NotCompilableError
from lampas.process import serving


class Compiler:
    """Compiles `graph` for tensors like these, into the file `place`.

    A thread feeds the pipe: the process takes seconds to start, and only then reads. What it says
    goes to a file without a name, which is never full.
    """

    def __init__(self, graph: fx.GraphModule, tensors: Sequence[Tensor], place: Path) -> None:
        self._place = place
        metas = [(t.dtype, tuple(t.shape), t.stride()) for t in tensors]
        task = pickle.dumps((graph, metas, torch.get_num_threads(), str(place), os.getpid()))
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # until `close`
        self._process = subprocess.Popen(
            serving("lampas.jit.background"),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said,
        )  # fmt: skip
        self._feeder = Thread(target=_feed, args=(self._process.stdin, task), daemon=True)
        self._feeder.start()

    def is_done(self) -> bool:
        """Whether it came to its end. Raises `NotCompilableError` where that was a failure."""
        code = self._process.poll()
        if code is None:
            return False
        if code:
            self._said.seek(0)
            said = self._said.read().decode(errors="replace").strip().splitlines()
            raise NotCompilableError(
                said[-1] if said else f"the compiling process ended with code {code}"
            )
        if not self._place.exists():
            raise NotCompilableError(f"{self._place.parent} cannot be written")
        return True

    def close(self) -> None:
        """End it, whether or not it is done."""
        self._process.kill()
        self._process.wait()
        self._feeder.join()
        self._said.close()


def _feed(pipe: IO[bytes], task: bytes) -> None:
    with suppress(OSError), pipe:  # it died at its start: `is_done` tells
        pipe.write(task)


def serve() -> None:
    """Compile what comes in on standard input."""
    import torch._dynamo  # pyright: ignore  # graphs are made again of their code by parts of it

    task: Any = pickle.load(sys.stdin.buffer)
    graph, metas, threads, place, parent = task
    Thread(target=_end_after, args=(parent,), daemon=True).start()
    torch.set_num_threads(threads)
    tensors = [torch.empty_strided(shape, stride, dtype=dtype) for dtype, shape, stride in metas]
    try:
        keep(make(graph, tensors), Path(place))
    except NotCompilableError as why:
        sys.exit(str(why))


def _end_after(parent: int) -> None:
    """Nobody waits for what a parent that is gone had asked for."""
    while os.name == "nt" or os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
