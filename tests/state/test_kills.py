"""A sample of the campaign of kill -9, as anyone starts it."""

import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).parents[2] / "campaigns" / "kills.py"


@pytest.mark.skipif(sys.platform == "win32", reason="the campaign forks")
def test_trainings_that_are_killed_end_with_the_same_bits() -> None:
    command = [sys.executable, str(CAMPAIGN), "--kills", "6", "--only", "mlp,noisy,adversaries"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("| all | 6 |")
    assert done.stdout.count("| yes |") == 3
