"""The program that shows how a step grows runs, on few rows."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_table_has_a_row_for_each_size() -> None:
    program = [sys.executable, str(ROOT / "benchmarks" / "growth.py")]
    asked = ["--what", "rows,metrics", "--loops", "by hand,eager", "--repeats", "1"]
    few = ["--largest", "1000", "--least", "20"]
    done = subprocess.run(
        [*program, *asked, *few], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "| 1,000 |" in done.stdout
    assert "| roc_auc |" in done.stdout
