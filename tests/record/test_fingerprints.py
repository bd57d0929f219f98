import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from torch import nn

from lampas.cli.own import find_class
from lampas.record import fingerprints
from lampas.record.fingerprints import of_code, of_path, of_script, origin

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x,y\n1,2\n")
    found = of_path(tmp_path / "a.csv")
    assert found == {
        "path": str(tmp_path / "a.csv"),
        "bytes": 8,
        "sha256": hashlib.sha256(b"x,y\n1,2\n").hexdigest(),
    }
    shutil.copy(tmp_path / "a.csv", tmp_path / "b.csv")
    assert of_path(tmp_path / "b.csv")["sha256"] == found["sha256"]


def folder_at(place: Path) -> Path:
    for name in ("cat/1.png", "dog/1.png"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(name.encode())
    return place


def test_a_folder_is_known_by_names_and_bytes(tmp_path: Path) -> None:
    one, two = of_path(folder_at(tmp_path / "a")), of_path(folder_at(tmp_path / "b"))
    assert (one["files"], one["bytes"]) == (2, 18)
    assert one["sha256"] == two["sha256"]
    (tmp_path / "b" / "dog" / "1.png").write_bytes(b"dog/2.png")  # as many bytes
    assert of_path(tmp_path / "b")["sha256"] != one["sha256"]
    (tmp_path / "a" / "dog").rename(tmp_path / "a" / "cow")
    assert of_path(tmp_path / "a")["sha256"] != one["sha256"]


def test_a_large_folder_is_known_by_sizes_and_times(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(fingerprints, "_FILES", 1)
    monkeypatch.setattr(fingerprints, "_digest", None)  # nothing is read
    folder = folder_at(tmp_path)
    first = of_path(folder)
    assert set(first) == {"path", "files", "bytes", "listing"}
    assert of_path(folder) == first
    os.utime(folder / "cat" / "1.png", (1, 1))
    assert of_path(folder)["listing"] != first["listing"]


def test_what_cannot_be_read_is_no_reason_to_fail(tmp_path: Path) -> None:
    assert of_path(tmp_path / "gone.csv") == {"path": str(tmp_path / "gone.csv")}
    os.mkfifo(tmp_path / "pipe")
    assert of_path(tmp_path / "pipe") == {"path": str(tmp_path / "pipe")}
    assert of_path(tmp_path)["files"] == 0


def test_the_sides_of_a_training(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "b.csv").write_text("x")
    both = origin([str(tmp_path / "a.csv")], tmp_path / "b.csv", None)
    assert [one["side"] for one in both["data"]] == ["training", "validation"]
    assert [one["side"] for one in origin(["a"], 0.2, None)["data"]] == ["training"]


def test_the_file_of_an_own_net(tmp_path: Path) -> None:
    file = tmp_path / "own_nets.py"
    file.write_text("from torch import nn\nclass Net(nn.Module): pass\n")
    assert of_code(find_class(f"{file}:Net"))["net"] == of_path(file)
    assert "net" not in of_code(None)
    assert of_code(nn.Linear)["net"]["path"].endswith("linear.py")


@needs_git
def test_the_commit_and_whether_files_were_changed(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert of_code(None) == {}
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "a.py").write_text("1")
    subprocess.run(["git", "init", "-q"], check=True)
    assert of_code(None) == {}  # no commit yet
    subprocess.run(["git", "add", "a.py"], check=True)
    subprocess.run(["git", *who, "commit", "-qm", "a"], check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert of_code(None) == {"commit": head.stdout.strip(), "dirty": False}
    (tmp_path / "new.py").write_text("untracked")
    assert not of_code(None)["dirty"]
    (tmp_path / "a.py").write_text("2")
    assert of_code(None)["dirty"]


def test_without_git_there_is_no_commit(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert of_code(None) == {}


def test_the_program_that_runs(tmp_path, monkeypatch):
    script = tmp_path / "train.py"
    script.write_text("1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(script), "--lr", "0.1"])
    first = of_script()
    assert first["script"] == of_path(script)
    script.write_text("2")
    assert of_script() != first
    monkeypatch.setattr("sys.argv", [""])
    assert "script" not in of_script()
