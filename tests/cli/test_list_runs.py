import json
import shutil
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def folder(run_folder, tables, process, tmp_path_factory):
    """A real run of a table, one that was cut off, one of numbers, and one that is damaged."""
    folder = tmp_path_factory.mktemp("listed") / "runs"
    shutil.copytree(run_folder, folder / "first")
    (folder / "cut").mkdir()
    shutil.copy(run_folder / "history.csv", folder / "cut")
    (folder / "bad").mkdir()
    (folder / "bad" / "run.json").write_text("{")
    answer = process(
        "train", tables / "train.csv", "-t", "age", "--out", folder / "ages", "--epochs", 2,
        "--model", f"{tables / 'nets.py'}:Net", "--quiet",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    return folder


def test_a_line_a_run_the_newest_first(shell, folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    answer = shell("runs")
    assert (answer.code, answer.err) == (0, "")
    title, head, *rows = answer.out.splitlines()
    assert title == "4 runs"
    assert head.split() == [
        "run", "when", "data", "net", "epochs", "best", "loss", "mae", "accuracy", "time",
    ]  # fmt: skip
    assert [row.split()[0] for row in rows[:4]] == [
        "runs/ages",
        "runs/bad",
        "runs/cut",
        "runs/first",
    ]
    assert rows[0].split()[3:5] == ["table", "Net"]
    assert rows[1].endswith("  damaged")
    assert rows[2].endswith("  unfinished")
    assert rows[-1].startswith("runs/bad/run.json is damaged: ")
    assert all(line == line.rstrip() for line in answer.out.splitlines())


def test_sorted_by_a_metric(shell, folder):
    rows = shell("runs", folder, "--sort", "accuracy").out.splitlines()
    assert rows[1].split()[6] == "accuracy"
    assert rows[2].split()[0] == str(folder / "first")
    assert shell("runs", folder, "--sort", "acuracy").error.startswith(
        "unknown --sort 'acuracy': did you mean 'accuracy'? Valid: accuracy, "
    )


def test_a_score_that_does_not_say_which_way_is_better(shell, folder, tmp_path):
    run = tmp_path / "a"
    run.mkdir()
    (run / "run.json").write_text('{"settings": {}, "metrics": {"profit": 1.0}}')
    assert shell("runs", run, "--sort", "profit").error == (
        "--sort profit: the name does not say whether more or less of it is better"
    )


def test_json_is_a_line_a_run(shell, folder):
    found = [json.loads(line) for line in shell("runs", folder, "--json").out.splitlines()]
    states = {one["run"].rpartition("/")[2]: one["state"] for one in found}
    assert states == {"ages": "done", "bad": "damaged", "cut": "unfinished", "first": "done"}
    first = next(one for one in found if one["run"].endswith("first"))
    assert {"when", "data", "net", "epochs", "best", "seconds", "loss", "roc_auc"} <= set(first)


def test_folders_of_runs_themselves_and_twice(shell, folder):
    first = folder / "first"
    assert shell("runs", first, first, folder / "cut").out.startswith("2 runs\n")


def test_where_there_is_none(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shell("runs").error == "runs: no such folder; name one that holds runs"
    assert shell("runs", tmp_path).error == (f"{tmp_path}: no run of `lampas train` there or below")


def test_torch_and_pandas_stay_away(folder):
    code = (
        "import sys\nsys.argv = ['lampas', 'runs', sys.argv[1]]\nfrom lampas.cli import main\n"
        "try: main()\nfinally: print([n for n in ('torch', 'numpy', 'pandas') if n in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    ).stdout
    assert out.endswith("\n[]\n")
