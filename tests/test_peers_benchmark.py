"""The program that compares libraries works, for Lampas and the loops by hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is asked as on Unix")
def test_lampas_does_the_same_work_as_a_loop_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    program = [sys.executable, str(ROOT / "benchmarks" / "peers.py"), "--json", str(file)]
    few = ["--contenders", "usual,hand,lampas", "--workload", "rings", "--epochs", "1"]
    once = ["--repeats", "1", "--processes", "1"]
    done = subprocess.run(
        [*program, *few, *once], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())["results"]["rings"]
    assert set(found) == {"usual", "hand", "lampas"}
    assert found["lampas"]["loss"] == pytest.approx(found["hand"]["loss"], rel=1e-5)
    assert found["usual"]["loss"] == pytest.approx(found["hand"]["loss"], rel=0.1)
    for one in found.values():
        assert len(one["times"]) == 1
        assert one["fresh"][0]["peak_mb"] > 50
    assert "| Lampas |" in done.stdout
