"""The program that kills and resumes a job in several libraries works, for the one at hand."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def row(printed: str) -> list[str]:
    """The cells of Lampas's row."""
    line = next(line for line in printed.splitlines() if line.startswith("| Lampas"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked, and killed in groups")
def test_lampas_resumes_with_the_same_bits() -> None:
    program = [sys.executable, str(ROOT / "benchmarks" / "resume.py"), "--only", "lampas"]
    done = subprocess.run(
        [*program, "--quick"], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    _, every, same, _, rows, order, *_ = row(done.stdout)
    assert (every, same) == ("10 steps", "1 of 1")
    assert (rows, order) == ("0 / 0", "same / same")
