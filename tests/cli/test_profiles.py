"""`lampas train --profile`."""

import gzip
import json


def test_a_profiled_run(shell, tables, tmp_path):
    answer = shell("train", tables / "train.csv", "--target", "age", "--out", tmp_path / "run",
                   "--epochs", 40, "--profile", "-q")  # fmt: skip
    assert answer.code == 0
    assert "% of each step " in answer.out
    assert f"Trace for Perfetto or chrome://tracing: {tmp_path / 'run' / 'trace.json.gz'}" in (
        answer.out
    )
    told = (tmp_path / "run" / "profile.txt").read_text()
    assert told.strip() in answer.out
    parts = json.loads((tmp_path / "run" / "profile.json").read_text())["parts"]
    assert list(parts) == ["data", "forward", "loss", "backward", "optimiser", "metrics"]
    with gzip.open(tmp_path / "run" / "trace.json.gz") as file:
        assert json.load(file)["traceEvents"]
    assert shell("report", tmp_path / "run").code == 0
    assert "% of each step" in (tmp_path / "run" / "report.html").read_text()


def test_a_run_that_is_too_short(shell, tables, tmp_path):
    answer = shell("train", tables / "train.csv", "--target", "age", "--out", tmp_path / "run",
                   "--epochs", 1, "--batch-size", 512, "--profile", "-q")  # fmt: skip
    assert answer.code == 0
    assert "The run was too short to be profiled: it takes four steps" in answer.out
    assert not (tmp_path / "run" / "profile.txt").exists()
