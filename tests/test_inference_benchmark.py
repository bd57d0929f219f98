"""The program that shows what predicting costs runs, on few rows."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_table_has_a_row_for_each_verb_and_size() -> None:
    program = [sys.executable, str(ROOT / "benchmarks" / "inference.py")]
    few = ["--rows", "50,100", "--batch-size", "20", "--repeats", "1"]
    done = subprocess.run(
        [*program, *few], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    for verb in ("predict", "evaluate"):
        assert f"| {verb} | 50 | 3 |" in done.stdout
        assert f"| {verb} | 100 | 5 |" in done.stdout
