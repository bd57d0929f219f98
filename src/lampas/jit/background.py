"""A process that compiles one graph while the run goes on: this module is both what it runs and
who talks to it.

Torch's compiler is Python that runs for seconds: in a thread it would slow the training down. The
process starts from nothing and imports no script. Pickles go over its pipe alone.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from lampas.jit.artifacts import keep, make
from lampas.jit.reasons import NotCompilableError

# Ctrl-C reaches a whole group of processes; this one ends when its parent says so, or is gone.
_START = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:] = sys.argv[1:]
from lampas.jit.background import serve
serve()
"""


class Compiler:
    """Compiles `graph` for tensors like these, into the file `place`."""

    def __init__(self, graph: fx.GraphModule, tensors: Sequence[Tensor], place: Path) -> None:
        self._place = place
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, *sys.path],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        metas = [(t.dtype, tuple(t.shape), t.stride()) for t in tensors]
        task = pickle.dumps((graph, metas, torch.get_num_threads(), str(place), os.getpid()))
        assert self._process.stdin is not None
        with suppress(OSError):  # it died at its start: `is_done` tells
            self._process.stdin.write(task)
            self._process.stdin.close()

    def is_done(self) -> bool:
        """Whether it came to its end. Raises `NotCompilableError` where that was a failure."""
        code = self._process.poll()
        if code is None:
            return False
        assert self._process.stderr is not None
        said = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        self._process.stderr.close()
        if code or not self._place.exists():
            raise NotCompilableError(
                said[-1] if said else f"the compiling process ended with code {code}"
            )
        return True

    def close(self) -> None:
        """End it, whether or not it is done."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def serve() -> None:
    """Compile what comes in on standard input."""
    import torch._dynamo  # pyright: ignore  # graphs are made again of their code by parts of it

    task: Any = pickle.load(sys.stdin.buffer)
    graph, metas, threads, place, _ = task
    torch.set_num_threads(threads)
    tensors = [torch.empty_strided(shape, stride, dtype=dtype) for dtype, shape, stride in metas]
    try:
        keep(make(graph, tensors), Path(place))
    except NotCompilableError as why:
        sys.exit(str(why))
