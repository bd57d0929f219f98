"""A sample of the campaign of faults, and what it found."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_run import fit, small

from lampas.atomic import whole_file
from lampas.callbacks import CSVLog
from lampas.errors import ArtifactError, InputError
from lampas.growing_csv import GrowingCSV
from lampas.place import SignedLock
from lampas.state.checkpoints import Checkpoints
from lampas.state.folder import Folder

CAMPAIGN = Path(__file__).parents[2] / "campaigns" / "faults.py"


@pytest.mark.skipif(sys.platform != "linux", reason="the campaign loads a library into Python")
@pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C compiler")
def test_a_disk_that_fails_loses_nothing() -> None:
    only = "one that need not be kept,a model saved over another"
    command = [sys.executable, str(CAMPAIGN), "--count", "100", "--only", only]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith("| 0 |")


def refusing(monkeypatch: pytest.MonkeyPatch, name: str, part: str) -> None:
    """Have a call of `os` fail on paths with `part` in them."""
    real = getattr(os, name)

    def call(path: Any, *args: Any, **options: Any) -> Any:
        if part in str(path):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(os, name, call)


def test_an_old_checkpoint_that_cannot_be_deleted_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refusing(monkeypatch, "rename", "checkpoint-")
    fit(small(), Checkpoints(tmp_path, "3 steps"))
    assert capsys.readouterr().err == (
        f"cannot delete {tmp_path}/checkpoint-000001: Input/output error: the run goes on, and "
        "keeps more checkpoints than were asked for\n"
    )
    assert len(Folder(tmp_path).numbers()) > 3


def test_a_lock_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(SignedLock, "take", fails)
    with pytest.raises(InputError) as caught:
        fit(small(), tmp_path)
    assert str(caught.value) == (
        f"checkpoint: cannot write in {tmp_path}: No space left on device: choose another folder"
    )


def test_a_sign_that_cannot_be_written_leaves_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", fails)
        with pytest.raises(OSError, match="No space left"):
            SignedLock.take(tmp_path, ".lock")
    assert not (tmp_path / ".lock").exists()
    lock = SignedLock.take(tmp_path, ".lock")
    assert isinstance(lock, SignedLock)
    lock.release()


def test_a_name_that_cannot_be_brought_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(folder: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("lampas.atomic.sync_folder", fails)
    with pytest.raises(ArtifactError) as caught, whole_file(tmp_path / "a") as file:
        file.write(b"all")
    assert str(caught.value) == f"cannot write {tmp_path}/a: Input/output error"
    assert (tmp_path / "a").read_bytes() == b"all"


def test_what_was_wrong_first_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that the temporary file cannot be deleted either."""
    refusing(monkeypatch, "unlink", ".tmp")
    with pytest.raises(ArtifactError) as caught, whole_file(tmp_path / "a"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(caught.value) == f"cannot write {tmp_path}/a: No space left on device"


def test_a_log_is_not_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = GrowingCSV(tmp_path / "log.csv", "CSVLog")
    log.write([{"epoch": 1, "loss": 0.5}])

    def half(file: Any, data: bytes) -> None:
        file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("lampas.growing_csv._write_all", half)
    with pytest.raises(OSError, match="No space left on device"):
        log.write([{"epoch": 2, "loss": 0.25}])
    assert (tmp_path / "log.csv").read_text() == "epoch,loss\n1,0.5\n"


def test_a_log_that_cannot_grow_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("lampas.growing_csv._write_all", fails)
    path = tmp_path / "log.csv"
    with pytest.raises(ArtifactError) as caught:
        fit(small(), None, callbacks=CSVLog(path))
    assert str(caught.value) == f"CSVLog: cannot write {path}: No space left on device"
