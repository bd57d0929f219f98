"""One hostile thing in a process of its own: what it did, how long, and the memory it took.

The process is forked from one that has imported all, so a trial costs milliseconds. Linux alone
tells the peak of a process's memory from a given moment on.
"""

import contextlib
import io
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lampas.errors import LampasError

ROOM = 2 << 30  # bytes of address space that a trial may take: a bomb ends in MemoryError
PATIENCE = 120  # seconds


@dataclass(frozen=True)
class Outcome:
    """`kind`: "refused", "opened", "raised" (an error not of ours), "died". `peak`: bytes."""

    kind: str
    said: str
    peak: int
    seconds: float


def tried(action: Callable[[], object], shell: bool = False) -> Outcome:
    """What becomes of `action` in a child. shell: it is a command, which exits and prints."""
    here, there = os.pipe()
    began = time.perf_counter()
    child = os.fork()
    if not child:
        os.close(here)
        _in_child(action, shell, there)
    os.close(there)
    ended = _wait(child, began)
    with os.fdopen(here, "rb") as pipe:
        told = pipe.read().decode(errors="replace")
    seconds = time.perf_counter() - began
    kind, _, rest = told.partition("\n")
    peak, _, said = rest.partition("\n")
    if not told:
        return Outcome("died", f"signal or exit {ended}", 0, seconds)
    return Outcome(kind, said, int(peak), seconds)


def _in_child(action: Callable[[], object], shell: bool, there: int) -> None:
    size = _status("VmSize")
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    kind, said = _of_shell(action) if shell else _of_call(action)
    told = f"{kind}\n{max(0, _status('VmHWM') - before)}\n{said}"
    os.write(there, told.encode(errors="backslashreplace")[:60_000])
    os._exit(0)


def _of_call(action: Callable[[], object]) -> tuple[str, str]:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        try:
            return "opened", str(action() or "")
        except LampasError as error:
            return "refused", str(error)
        except BaseException as error:
            return "raised", f"{type(error).__name__}: {error}\n{traceback.format_exc()[-1500:]}"


def _of_shell(action: Callable[[], object]) -> tuple[str, str]:
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            action()
    except SystemExit as end:
        code = end.code or 0
        return ("refused" if code else "opened"), f"{code}\n{out.getvalue()}"
    except BaseException as error:
        return "raised", f"{type(error).__name__}: {error}\n{traceback.format_exc()[-1500:]}"
    return "opened", out.getvalue()


def command(arguments: Sequence[str]) -> Callable[[], object]:
    """`lampas` with these `arguments`, as from a shell."""

    def run() -> None:
        from lampas.cli import main

        sys.argv = ["lampas", *arguments]
        main()

    return run


def _wait(child: int, began: float) -> int:
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        if time.perf_counter() - began > PATIENCE:
            os.kill(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1]
        time.sleep(0.003)


def _status(name: str) -> int:
    """A line of this process's status, in bytes."""
    text = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name)) << 10
