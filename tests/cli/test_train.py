import inspect
import json

import pandas as pd
import pytest

import lampas
from lampas.cli.train import train

NAMES = {"loss", "accuracy", "roc_auc", "average_precision", "f1"}


def test_the_defaults_are_those_of_tabular():
    ours = inspect.signature(train).parameters
    theirs = inspect.signature(lampas.tabular).parameters
    for name in ("seed", "batch_size"):
        assert ours[name].default == theirs[name].default
    assert ours["epochs"].default is None  # each kind of data has its own
    assert float(ours["validation"].default) == theirs["validation"].default


def test_json_is_one_flat_object_and_people_read_stderr(run_folder):
    found = json.loads((run_folder.parent / "stdout").read_text())
    assert set(found) == {"run", "epochs"} | NAMES
    assert found["run"] == str(run_folder)
    assert found["epochs"] == 12
    err = (run_folder.parent / "stderr").read_text()
    assert "train.csv: 60 rows, 3 columns; to predict: bought (one of two classes)" in err
    assert "age     number      0.0 %  20.5 to 60.5\n" in err
    assert "Scores on 12 held-out rows" in err
    assert f"lampas evaluate {run_folder} OTHER.csv" in err


def test_the_folder_holds_model_history_curves_and_description(run_folder):
    assert sorted(path.name for path in run_folder.iterdir()) == [
        "curves.png", "evidence.json", "held_out.csv", "history.csv", "model.lampas", "run.json",
        "summary.txt", "vitals.csv",
    ]  # fmt: skip
    assert (run_folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert pd.read_csv(run_folder / "history.csv")["epoch"].tolist() == list(range(1, 13))
    told = json.loads((run_folder / "run.json").read_text())
    model = lampas.TabularModel.load(run_folder / "model.lampas")
    assert told["metrics"] == model.metrics
    assert told["schema"]["task"] == "binary"
    assert told["best_epoch"] == model.history.best["epoch"]
    assert told["command"].startswith("lampas train ")
    assert told["settings"]["seed"] == 1
    assert set(told["versions"]) >= {"lampas", "torch", "python"}


def test_the_same_training_as_in_python(run_folder, tables):
    model = lampas.tabular(
        tables / "train.csv", "bought", epochs=12, seed=1, batch_size=8, verbose=0
    )
    found = lampas.TabularModel.load(run_folder / "model.lampas").metrics
    assert found == pytest.approx(model.metrics, rel=1e-4)  # the shell takes fewer threads


def test_all_options_reach_the_training(shell, tables, tmp_path):
    answer = shell(
        "train", tables / "train.csv", "--target", "age", "--out", tmp_path / "run",
        "--kind", "colour=identifier", "--validation", tables / "new.csv", "--epochs", 2,
        "--patience", 5, "--device", "cpu", "--quiet",
    )  # fmt: skip
    assert answer.code == 0
    assert answer.out.startswith("Scores on 12 held-out rows\n  score ")
    assert answer.out.endswith(
        f"\n\nSaved in {tmp_path / 'run'}: curves.png, evidence.json, held_out.csv, history.csv, "
        "model.lampas, run.json, summary.txt, vitals.csv\n"
    )
    model = lampas.TabularModel.load(tmp_path / "run" / "model.lampas")
    assert [(one.name, one.kind) for one in model.schema.columns[:2]] == [
        ("age", "target"), ("colour", "identifier"),
    ]  # fmt: skip
    assert model.settings["patience"] == 5
    assert model.settings["rows"] == 60


def test_the_default_folder_has_the_tables_name(shell, tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = (
        "train", tables / "train.csv", "--target", "bought", "--epochs", 1, "--validation", 0,
    )  # fmt: skip
    first, second = shell(*arguments), shell(*arguments)
    assert "Scores on 60 training rows (none was held out: new rows will score lower)" in first.out
    folders = [path.name for path in (tmp_path / "runs").iterdir()]
    assert len(folders) == 2
    assert all(name.startswith("train-2") for name in folders)
    assert second.code == 0


def test_weighted_classes_are_told(shell, tmp_path):
    table = tmp_path / "rare.csv"
    table.write_text("\n".join(["x,y", *(f"{i}.5,{int(i % 20 == 0)}" for i in range(100)), ""]))
    answer = shell("train", table, "-t", "y", "--out", tmp_path / "run", "--epochs", 1)
    assert "Classes of very different size are weighted (0: 0.526, 1: 10)\n" in answer.out


def test_a_run_is_not_written_over_unless_asked(shell, tables, run_folder, tmp_path):
    answer = shell("train", tables / "train.csv", "-t", "bought", "--out", run_folder)
    assert answer.code == 1
    assert answer.out == ""
    assert answer.error == (
        f"{run_folder} holds a run already: choose another --out, or add --force to replace it"
    )
    again = tmp_path / "again"
    for options in ([], ["--force"]):
        answer = shell(
            "train", tables / "train.csv", "-t", "bought", "--out", again, "--epochs", 1, *options
        )
        assert answer.code == 0


def test_places_that_cannot_be_written_are_told_before_the_training(shell, tables):
    table = tables / "train.csv"
    answer = shell("train", table, "-t", "bought", "--out", table)
    assert answer.code == 1
    assert answer.error == (
        f"cannot write in the folder {table}: it is a file; choose another with --out"
    )
    answer = shell("train", table, "-t", "bought", "--out", table / "run")
    assert answer.error == (
        f"cannot write in the folder {table / 'run'}: Not a directory; choose another with --out"
    )


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("header.csv", b"age,bought\n", "only a header, no rows"),
        (
            "ragged.csv", b"age,bought\n1,2\n1\n",
            "line 3 has 1 field, the header has 2; quote a field that holds the delimiter, or add "
            "--delimiter CHARACTER",
        ),
        (
            "latin.csv", b"age,bought\n\xe9,1\n",
            "not utf-8: byte 0xe9 at offset 11, line 2; it may be 'cp1252': add --encoding cp1252",
        ),
    ],
)  # fmt: skip
def test_bad_tables_are_one_line(shell, tmp_path, name, content, told):
    table = tmp_path / name
    table.write_bytes(content)
    answer = shell("train", table, "--target", "bought", "--out", tmp_path / "a" / "run", "--json")
    assert (answer.code, answer.out) == (1, "")
    assert answer.error == f"{table}: {told}"
    assert not (tmp_path / "a").exists()


def test_wrong_delimiters(shell, tables, tmp_path):
    text = (tables / "train.csv").read_text()
    table = tmp_path / "odd.csv"
    table.write_text(text.replace(",", ";"))
    arguments = ("train", table, "--target", "bought", "--out", tmp_path / "run", "--epochs", 1)
    answer = shell(*arguments, "--delimiter", ",")
    assert answer.error == (
        f"{table}: target column 'bought' is missing: the only column is 'age;colour;bought', "
        "which ';' would split; add --delimiter ';'"
    )
    table.write_text(text.replace(",", "~"))
    assert shell(*arguments).error == (
        f"{table}: only one column, 'age~colour~bought', but '~' would give 3; add --delimiter '~'"
    )
    assert shell(*arguments, "--delimiter", "~").code == 0


def test_wrong_names_are_one_line(shell, tables):
    table = tables / "train.csv"
    answer = shell("train", table, "--target", "buoght", "--out", tables / "no")
    assert answer.code == 1
    assert answer.error == (
        f"{table}: target column 'buoght' is missing: did you mean 'bought'? The columns are: "
        "'bought', 'age', 'colour'"
    )
    answer = shell("train", table, "--target", "BOUGHT", "--kind", "Age=number")
    assert answer.error == (
        f"{table}: target column 'BOUGHT' is missing: did you mean 'bought'? The columns are: "
        "'bought', 'age', 'colour'"
    )
    answer = shell("train", table, "--target", "bought", "--kind", "age=nmber")
    assert (answer.code, answer.error) == (
        1,
        "unknown kind for column 'age': 'nmber': did you mean 'number'? Valid: boolean, category, "
        "constant, date, identifier, number, text",
    )
    answer = shell("train", tables / "none.csv", "--target", "bought")
    assert answer.error == f"{tables / 'none.csv'}: no such file"
    answer = shell("train", table, "--target", "bought", "-v", "-q")
    assert (answer.code, answer.error) == (2, "--verbose and --quiet: choose one of them")
    assert not (tables / "no").exists()


def test_a_real_process_tells_one_line(process, tables):
    answer = process("train", tables / "train.csv", "--target", "nope", cwd=tables)
    assert (answer.code, answer.out) == (1, "")
    assert answer.error == (
        f"{tables / 'train.csv'}: target column 'nope' is missing; the columns are: 'age', "
        "'colour', 'bought'"
    )
    assert not (tables / "runs").exists()


def test_errors_speak_of_options(shell, tmp_path):
    odd = tmp_path / "odd.csv"
    cells = [*map(str, range(30, 69)), "old"]
    lines = [f"{cell},{('yes', 'no')[row % 2]}" for row, cell in enumerate(cells)]
    odd.write_text("\n".join(["age,bought", *lines, ""]))
    assert shell("train", odd, "--target", "bought").error == (
        f"{odd}: column 'age': row 39 holds 'old' among numbers; correct it or leave it empty, or "
        "add --kind age=category"
    )
    gap = tmp_path / "gap.csv"
    gap.write_text("age,bought\n1,yes\n2,\n3,no\n")
    assert shell("train", gap, "--target", "bought").error == (
        f"{gap}: target 'bought': 1 row has no value (row 1); fill it in, or drop the row"
    )
    ok = tmp_path / "ok.csv"
    ok.write_text("age,bought\n1,yes\n2,no\n3,no\n4,yes\n")
    bad = tmp_path / "bad.csv"
    bad.write_text("age,bought\n1,yes\nold,no\n")
    assert shell("train", ok, "--target", "bought", "--validation", bad).error == (
        "column 'age': row 1 holds 'old', but a number is needed; correct it or leave it empty"
    )


def test_a_folder_in_the_place_of_a_table_names_its_tables(shell, tables, tmp_path):
    for name in ("new.csv", "train.csv"):
        (tmp_path / name).write_text((tables / name).read_text())
    assert shell("train", tmp_path, "--target", "bought").error == (
        f"{tmp_path}: it is a folder, and a table is one file; it holds new.csv, train.csv: name "
        "one"
    )
