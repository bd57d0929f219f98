"""The shell in this process, for its words, and in one of its own, for its codes and streams."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lampas.cli import main

Shell = Callable[..., "Answer"]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error; whatever else stands on stderr fails the test."""
        assert self.err.startswith("lampas: error: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("lampas: error: ").rstrip("\n")


@pytest.fixture
def shell(monkeypatch, capsys) -> Shell:
    """`lampas ...` in this process, whose threads stay as they are."""

    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["lampas", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        caught = capsys.readouterr()
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 0, caught.out, caught.err)

    return run


@pytest.fixture(scope="session")
def process() -> Shell:
    """`lampas ...` in a process of its own, as it is installed."""

    def run(*arguments: object, cwd: Path | None = None) -> Answer:
        program = Path(sys.executable).with_name("lampas")
        command = [program, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def tables(tmp_path_factory) -> Path:
    """A folder with train.csv and new.csv: 60 and 12 rows, `bought` follows `age`."""
    folder = tmp_path_factory.mktemp("tables")
    for name, rows in (("train.csv", 60), ("new.csv", 12)):
        ages = [20 + 7 * row % 41 for row in range(rows)]
        colours = [("red", "blue", "green")[row % 3] for row in range(rows)]
        lines = [
            f"{age}.5,{colour},{'yes' if age > 40 else 'no'}"
            for age, colour in zip(ages, colours, strict=True)
        ]
        (folder / name).write_text("\n".join(["age,colour,bought", *lines, ""]))
    (folder / "nets.py").write_text(NETS)
    return folder


@pytest.fixture(scope="session")
def run_folder(tables, tmp_path_factory, process) -> Path:
    """A run of `lampas train` on train.csv."""
    run = tmp_path_factory.mktemp("runs") / "first"
    answer = process(
        "train", tables / "train.csv", "--target", "bought", "--out", run,
        "--epochs", 12, "--seed", 1, "--batch-size", 8, "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    (run.parent / "stdout").write_text(answer.out)
    (run.parent / "stderr").write_text(answer.err)
    return run


NETS = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, in_features, outputs, width=8):
        super().__init__()
        first, last = nn.Linear(in_features, width), nn.Linear(width, outputs)
        self.body = nn.Sequential(first, nn.ReLU(), last)

    def forward(self, x):
        return self.body(x)


class Odd(nn.Module):
    def __init__(self, colour):
        super().__init__()


class Picture(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(7200, 2))


class Plain:
    pass
"""
