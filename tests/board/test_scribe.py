import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lampas.board.bins import of_values
from lampas.board.event_file import event_types
from lampas.board.scribe import Scribe


def test_all_that_was_told_is_written(tmp_path: Path, read: Any) -> None:
    scribe = Scribe(tmp_path)
    scribe.scalars("train", [(1, 5.0, {"loss": 0.5}), (2, 6.0, {"loss": 0.25})])
    scribe.scalars("validation", [(1, 5.0, {"loss": 0.75})])
    flat = np.array([1, 2, 3, float("nan"), 9], dtype=np.float32)
    scribe.values("train", [(1, 5.0, ("a", "none", "b"), (3, 1, 1), flat)])
    bins = of_values(flat)
    assert bins is not None
    scribe.histograms("train", 2, 6.0, {"c": bins})
    scribe.event("train", event_types().Event(step=3, wall_time=7.0).SerializeToString())
    scribe.close()
    scribe.close()  # is nothing more
    train = read(tmp_path / "train")
    assert [(e.step, e.wall_time, e.value) for e in train.Scalars("loss")] == [
        (1, 5.0, 0.5),
        (2, 6.0, 0.25),
    ]
    assert train.Tags()["histograms"] == ["a", "b", "c"]
    assert train.Histograms("a")[0].histogram_value.sum == 6
    assert read(tmp_path / "validation").Scalars("loss")[0].value == 0.75


def test_it_starts_without_torch(tmp_path: Path) -> None:
    code = "import sys, lampas.board.scribe; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_why_it_cannot_write_is_told(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("a file stands here")
    scribe = Scribe(tmp_path)
    scribe.scalars("train", [(1, 0.0, {"loss": 0.5})])
    with pytest.raises(OSError, match="File exists"):
        scribe.close()


def test_a_full_disk_is_told_by_a_later_call(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    resource.prlimit(scribe._process.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))

    def tell_for_ever() -> None:
        for step in range(100_000):
            scribe.scalars("train", [(step, 0.0, {"loss": 0.5})])

    with pytest.raises(OSError, match="File too large"):
        tell_for_ever()
    scribe.close()


def test_one_that_was_killed_is_told(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    scribe._process.kill()
    scribe._process.wait()
    with pytest.raises(OSError, match=r"^the process that writes the log ended with code -9$"):
        scribe.scalars("train", [(1, 0.0, {"loss": 0.5})])


def test_what_a_killed_training_told_is_kept(tmp_path: Path, read: Any) -> None:
    code = (
        "import os, signal; from pathlib import Path; from lampas.board.scribe import Scribe\n"
        f"scribe = Scribe(Path({str(tmp_path)!r}))\n"
        "scribe.scalars('train', [(1, 0.0, {'loss': 0.5})])\n"
        "print(scribe._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    for _ in range(600):  # it is nobody's child now: there is nothing to wait on
        if not _lives(int(done.stdout)):
            break
        time.sleep(0.05)
    assert len(read(tmp_path / "train").Scalars("loss")) == 1


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
