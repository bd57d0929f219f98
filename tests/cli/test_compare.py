import json
from pathlib import Path

import pytest

import lampas


@pytest.fixture(scope="module")
def other(tables, tmp_path_factory, process) -> Path:
    """A run on the same rows as `run_folder`, with another net and fewer epochs."""
    run = tmp_path_factory.mktemp("runs") / "other"
    answer = process(
        "train", tables / "train.csv", "--target", "bought", "--out", run, "--epochs", 2,
        "--seed", 1, "--batch-size", 8, "--validation", 0.5, "--quiet",
        "--model", f"{tables / 'nets.py'}:Net",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    return run


def test_the_terminal_shows_what_python_prints(shell, run_folder, other):
    answer = shell("compare", run_folder, other)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"{lampas.compare(run_folder, other)}\n"
    for words in ("file of the net", "validation_rows", "The same: data, columns, "):
        assert words in answer.out


def test_too_few_shared_rows_are_said_and_the_rest_is_shown(shell, run_folder, other):
    out = shell("compare", run_folder, other).out
    (line,) = [line for line in out.splitlines() if line.startswith("  No test of the difference")]
    assert "held-out samples are shared, of 12 and 30; 20 are needed: " in line
    assert "Scores as recorded" in out


def test_runs_that_share_their_rows_are_tested(shell, tables, other, tmp_path):
    same = tmp_path / "same"
    shell("train", tables / "train.csv", "-t", "bought", "--out", same, "--epochs", 30,
          "--seed", 1, "--batch-size", 8, "--validation", 0.5, "--quiet")  # fmt: skip
    answer = shell("compare", other, same, "--json", "--draws", 500)
    found = json.loads(answer.out)
    assert (found["against"][0]["rows"], found["against"][0]["remarks"]) == (30, [])
    scores = {one["score"]: one for one in found["against"][0]["scores"]}
    assert set(scores) == {"accuracy", "log loss", "roc_auc", "average_precision", "f1 of yes"}
    for one in scores.values():
        assert one["low"] <= one["difference"] <= one["high"]
        assert one["more_than_chance"] == (one["p"] < 0.05)
    recorded = [run["metrics"]["accuracy"] for run in found["runs"]]
    assert [scores["accuracy"]["first"], scores["accuracy"]["run"]] == pytest.approx(recorded)
    assert "code" in {one["group"] for one in found["differences"]}


def test_a_page_is_written_where_it_is_asked_for(shell, run_folder, other, tmp_path):
    page = tmp_path / "x.html"
    answer = shell("compare", run_folder, other, "--out", page)
    assert answer.out == f"{page}\n"
    assert "const CHARTS = " in page.read_text()
    answer = shell("compare", run_folder, other, "--out", page, "--json")
    assert json.loads(answer.out)["runs"]
    assert shell("compare", run_folder, other, "--out", tmp_path).error.startswith(
        f"cannot write {tmp_path}: it is a folder"
    )


def test_one_run_alone_is_wrong_usage(shell, run_folder):
    answer = shell("compare", run_folder)
    assert (answer.code, answer.error) == (
        2, f"{run_folder}: compared to what? Name another run: `lampas runs` lists them",
    )  # fmt: skip
    answer = shell("compare", run_folder, "nope")
    assert (answer.code, answer.error) == (
        1, "nope: no such folder; name the folder of a run: `lampas runs` lists them",
    )  # fmt: skip
    assert shell("compare", run_folder, "nope", "--draws", 5).code == 2


def test_the_help_shows_examples(shell):
    for command in ("compare", "runs"):
        assert f"\n    lampas {command}" in shell(command, "--help").out
