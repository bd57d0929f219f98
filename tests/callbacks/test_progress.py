import os
import re
import subprocess
import sys
from typing import Any

import pytest

from lampas.callbacks import EpochLines, Progress, progress_for
from lampas.errors import InputError


def test_a_line_an_epoch_on_stderr(drive: Any, capsys: Any) -> None:
    lines = EpochLines()
    drive.begin(lines)
    drive.tell(lines, "epoch_begin")
    drive.end_epoch(lines, loss=0.5, val_accuracy=0.75, lr=1e-5)
    drive.history.stopped = "enough"
    drive.tell(lines, "fit_end")
    printed = capsys.readouterr()
    assert printed.out == ""
    first, second = printed.err.splitlines()
    line = r"Epoch   1/100  loss 0\.5000  val_accuracy 0\.7500  lr 1\.000e-05  \d+ms"
    assert re.fullmatch(line, first)
    assert second == "Stopped: enough"


def test_a_bar_is_quiet_off_the_terminal_but_its_lines_stay(drive: Any, capsys: Any) -> None:
    progress = Progress()
    drive.begin(progress)
    drive.tell(progress, "epoch_begin")
    drive.tell(progress, "look", {"loss": 0.5}, step=3)
    drive.end_epoch(progress, loss=0.5)
    drive.tell(progress, "fit_end")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(r"Epoch   1/100  loss 0\.5000  \d+ms\n", printed.err)


def test_it_may_end_before_it_began(drive: Any) -> None:
    drive.tell(Progress(), "fit_end")


def test_off_the_terminal_auto_shows_nothing() -> None:
    assert progress_for("auto") is None
    assert progress_for(0) is None
    assert isinstance(progress_for(1), EpochLines)
    assert isinstance(progress_for(2), EpochLines)


def test_keras_booleans_work() -> None:
    assert progress_for(False) is None
    assert isinstance(progress_for(True), EpochLines)


def test_an_unknown_verbose_is_refused() -> None:
    with pytest.raises(InputError, match=r"^verbose must be 'auto', 0, 1 or 2, not 3$"):
        progress_for(3)  # pyright: ignore[reportArgumentType]


_PROGRAM = """
import sys, threading
import torch
from lampas.callbacks import *
from lampas.history import History

history = History()
bar, steps = progress_for("auto"), eval(sys.argv[1])

def tell(kind, step=0, logs={}):
    bar(Event(kind, torch.nn.Module(), history, 1, 3, step, steps, logs))

tell("fit_begin"); tell("epoch_begin")
tell("look", 5, {"loss": 0.25, "a_metric_with_a_long_name": 0.5, "another_of_these": 0.5})
tell("epoch_end", 10, {"epoch": 1.0, "loss": 0.125})
tell("fit_end")
print(type(bar).__name__, threading.active_count())
"""


def _on_a_terminal(columns: int, steps: int | None) -> str:
    """What a pseudo-terminal of that width receives."""
    import fcntl
    import struct
    import termios

    main, side = os.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    command = [sys.executable, "-c", _PROGRAM, repr(steps)]
    process = subprocess.Popen(
        command, stdin=side, stdout=side, stderr=side, env={**environment, "TERM": "xterm"}
    )
    os.close(side)
    received = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not chunk:
            break
        received += chunk
    os.close(main)
    assert process.wait() == 0
    return received.decode()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
@pytest.mark.parametrize(
    ("columns", "steps", "shown"),
    [
        (140, 10, "Epoch 1/3  50%|████████████            | 5/10, "),
        (60, 10, "Epoch 1/3  50%|█████     | 5/10, "),
        (60, None, "Epoch 1/3 5 steps, "),
    ],
)
def test_the_bar_on_a_terminal(columns: int, steps: int | None, shown: str) -> None:
    received = _on_a_terminal(columns, steps)
    lines = [line for line in re.split(r"[\r\n]+", received) if line.strip()]
    look = next(line for line in lines if line.startswith(shown))
    assert ", loss 0.2500" in look
    assert all(len(line) <= columns for line in lines)
    assert any(re.fullmatch(r"Epoch 1/3  loss 0\.1250  \d+ms", line) for line in lines)
    # No watchdog thread: a forked loader worker would warn of it.
    assert lines[-1] == "Progress 1"
