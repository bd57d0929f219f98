import json
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorboard", reason="tensorboard is not installed")

# A shell's background jobs ignore Ctrl-C, and so would this child of one.
CODE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from lampas.cli import main; main()"
)


def test_it_serves_on_loopback_until_ctrl_c(run_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(run_folder, tmp_path / "first")
    child = subprocess.Popen(
        [sys.executable, "-c", CODE, "board", str(tmp_path), "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(3)]
        assert lines[0] == (
            f"{tmp_path / 'first'}: written into its board from history.csv and run.json\n"
        )
        start, _, url = lines[1].strip().rpartition(" ")
        assert start == f"TensorBoard shows {tmp_path} at"
        assert url.startswith("http://127.0.0.1:")
        runs = _asked(f"{url}data/runs", lambda found: len(found) == 2)
        assert sorted(runs) == ["first/board/train", "first/board/validation"]
    finally:
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")


def _asked(url: str, enough: Any) -> Any:
    """What TensorBoard answers, once it has read what there is."""
    import time

    for _ in range(200):
        with urllib.request.urlopen(url) as answer:
            found = json.loads(answer.read())
        if enough(found):
            break
        time.sleep(0.1)
    return found


def test_train_logs_where_it_is_asked_to(shell: Any, tables: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for more in ([], ["--force"]):
        answer = shell(
            "train", tables / "train.csv", "-t", "bought", "--out", run, "--epochs", 2,
            "--board", *more,
        )  # fmt: skip
        assert answer.code == 0
        assert answer.out.endswith(f"\n  lampas board {run}\n")
        assert len(list((run / "board" / "train").glob("events.*"))) == 1
    assert not (run / "board" / "2").exists()


def test_what_there_is_nothing_to_show_of(shell: Any, tmp_path: Path) -> None:
    assert shell("board", tmp_path).error == (
        f"{tmp_path} holds no run of `lampas train` and no log of TensorBoard's"
    )
    assert shell("board", tmp_path / "no").error == (
        f"{tmp_path / 'no'}: no such folder; name a run, or a folder of runs"
    )


def test_without_tensorboard_it_is_one_line(
    shell: Any, tmp_path: Path, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert (
        shell("board", tmp_path).error == "lampas board needs tensorboard: pip install tensorboard"
    )
    answer = shell(
        "train", tables / "train.csv", "-t", "bought", "--out", tmp_path / "r", "--board", "-q"
    )
    assert answer.error == "--board needs tensorboard: pip install tensorboard"
    assert not (tmp_path / "r").exists()
