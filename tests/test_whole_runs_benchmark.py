"""The program that times whole runs runs, on one epoch."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[1] / "benchmarks" / "whole_runs.py"


def test_a_length_has_a_row_with_each_way() -> None:
    asked = ["--epochs", "1", "--repeats", "1", "--ways", "by hand;False;True, new;auto, new"]
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *asked],
        check=False, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    head, _, row = done.stdout.splitlines()[-3:]
    assert head.startswith("| epochs | by hand | False | True, new | auto, new | auto, new / bet")
    assert row.count("|") == head.count("|")
