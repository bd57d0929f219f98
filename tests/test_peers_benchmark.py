"""The program that compares libraries works, for Lampas and the loops by hand."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def found(tmp_path: Path, *asked: str) -> dict[str, Any]:
    """What one epoch and one repeat of rings gave each contender."""
    file = tmp_path / "found.json"
    program = [sys.executable, str(ROOT / "benchmarks" / "peers.py"), "--json", str(file)]
    few = ["--workload", "rings", "--epochs", "1", "--repeats", "1", *asked]
    done = subprocess.run(
        [*program, *few], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "| best by hand |" in done.stdout
    return json.loads(file.read_text())["results"]["rings"]


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is asked as on Unix")
def test_lampas_does_the_same_work_as_loops_by_hand(tmp_path: Path) -> None:
    results = found(tmp_path, "--contenders", "usual,hand,lampas", "--processes", "0")
    assert set(results) == {"usual", "hand", "lampas"}
    assert results["lampas"]["loss"] == pytest.approx(results["hand"]["loss"], rel=1e-5)
    assert results["usual"]["loss"] == pytest.approx(results["hand"]["loss"], rel=0.1)
    assert all(len(one["times"]) == 1 for one in results.values())


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is asked as on Unix")
def test_a_fresh_process_tells_import_first_run_and_memory(tmp_path: Path) -> None:
    asked = ["--contenders", "hand", "--processes", "1", "--verb", "predict"]
    (fresh,) = found(tmp_path, *asked)["hand"]["fresh"]
    assert fresh["peak_mb"] > 50
    assert min(fresh.values()) > 0
