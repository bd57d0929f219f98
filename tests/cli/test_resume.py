"""`lampas train --resume`, in real processes: stopped, refused, gone on with."""

from pathlib import Path
from typing import Any

import pytest

ROWS = [(row % 17, "red" if row % 3 else "blue", row % 17 > 8) for row in range(300)]
TABLE = "\n".join(["size,colour,big", *(",".join(map(str, row)) for row in ROWS)])


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(TABLE)
    return tmp_path


def _train(shell: Any, *more: str) -> Any:
    return shell("train", "t.csv", "--target", "big", "--epochs", "12", "-q", *more)


def test_a_run_that_is_stopped_goes_on_and_ends_the_same(shell: Any, table: Path) -> None:
    whole = _train(shell, "--out", "whole")
    assert whole.code == 0
    assert not (table / "whole" / "checkpoints").exists()
    cut = _train(shell, "--out", "cut", "--time-limit", "0.01 s")
    assert cut.code == 75
    assert cut.out == "Time is over: --resume goes on with the run in cut\n"
    assert not (table / "cut" / "model.lampas").exists()

    refused = _train(shell, "--out", "cut")
    assert refused.code == 1
    assert refused.error == (
        "cut holds a run that was cut off: add --resume to go on with it, or --force to begin anew"
    )
    shown = shell("state", "cut")
    assert shown.code == 0
    assert "checkpoint-000002  in epoch " in shown.out
    assert "  exact     yes" in shown.out

    resumed = _train(shell, "--out", "cut", "--resume")
    assert resumed.code == 0
    for name in ("history.csv", "held_out.csv"):
        assert (table / "cut" / name).read_bytes() == (table / "whole" / name).read_bytes()
    assert not (table / "cut" / "checkpoints").exists()
    again = _train(shell, "--out", "cut", "--resume")
    assert again.code == 0
    assert again.out == ("cut holds a whole run: there is nothing to resume; --force trains anew\n")
    assert "its state went when its model was saved" in shell("state", "cut").error


def test_another_seed_is_refused(shell: Any, table: Path) -> None:
    assert _train(shell, "--out", "cut", "--time-limit", "0.01 s").code == 75
    refused = _train(shell, "--out", "cut", "--resume", "--seed", "3")
    assert refused.error.startswith(
        "--seed is 3, and the run in cut was begun with 0: leave it at 0"
    )


def test_resume_begins_where_there_is_nothing_yet(shell: Any, table: Path) -> None:
    assert _train(shell, "--out", "new", "--resume", "--every", "2 epochs").code == 0
    assert (table / "new" / "model.lampas").is_file()


def test_a_run_that_fails_at_once_leaves_nothing_to_resume(shell: Any, table: Path) -> None:
    (table / "net.py").write_text(
        "import torch\nclass Net(torch.nn.Module):\n"
        "    def __init__(self, inputs, outputs):\n        super().__init__()\n"
        "        self.line = torch.nn.Linear(inputs, outputs)\n"
        "    def forward(self, x):\n        return self.line(x) * float('nan')\n"
    )
    for _ in range(2):  # the second try is not told to replace the first
        failed = _train(shell, "--out", "bad", "--model", "net.py:Net")
        assert failed.error.startswith("the loss is nan in epoch 1, step 1")
        assert not (table / "bad" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--resume"], "--resume needs the run's folder: add --out"),
     (["--every", "often"], "--every 'often': write '5 min'"),
     (["--time-limit", "3 epochs"], "--time-limit '3 epochs': write a time")],
)  # fmt: skip
def test_wrong_usage(shell: Any, table: Path, options: list[str], said: str) -> None:
    answer = _train(shell, *options)
    assert answer.code == 2
    assert said in answer.error


def test_state_of_nothing(shell: Any, table: Path) -> None:
    assert "nowhere is not there" in shell("state", "nowhere").error
    assert "holds no checkpoint" in shell("state", ".").error
