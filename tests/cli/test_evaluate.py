import json

import pytest

import lampas
from lampas.saving import FITTED


def test_json_is_the_scores_alone(process, run_folder, tables):
    answer = process("evaluate", run_folder, tables / "new.csv", "--json")
    assert (answer.code, answer.err) == (0, "")
    model = lampas.TabularModel.load(run_folder / "model.lampas")
    found = model.evaluate(tables / "new.csv")
    assert answer.out.count("\n") == 1
    assert json.loads(answer.out) == pytest.approx(found, rel=1e-6)


def test_people_get_a_table_beside_the_held_out_scores(shell, run_folder, tables):
    answer = shell("evaluate", run_folder / "model.lampas", tables / "new.csv")
    lines = answer.out.splitlines()
    assert lines[0] == f"12 rows of {tables / 'new.csv'}"
    assert lines[2].split("  ")[-2:] == ["these rows", "held out in training"]
    assert [line.split()[0] for line in lines[3:]] == [
        "loss", "accuracy", "roc_auc", "average_precision", "f1",
    ]  # fmt: skip
    assert answer.err == ""


def test_a_score_that_the_rows_do_not_define_is_null(shell, run_folder, tables, tmp_path):
    rows = (tables / "new.csv").read_text().splitlines()
    one_class = tmp_path / "one.csv"
    one_class.write_text("\n".join([rows[0], *(row for row in rows if row.endswith("no")), ""]))
    found = json.loads(shell("evaluate", run_folder, one_class, "--json").out)
    assert found["roc_auc"] is None
    assert found["accuracy"] is not None


def test_bad_runs_and_tables_are_one_line(shell, run_folder, tables, tmp_path):
    new = tables / "new.csv"
    answer = shell("evaluate", tmp_path, new, "--json")
    assert (answer.code, answer.out) == (1, "")
    assert answer.error == f"{tmp_path} has no model.lampas in it: it is no run of `lampas train`"
    answer = shell("evaluate", tmp_path / "none", new)
    assert answer.error == f"{tmp_path / 'none'} is not there: check the path"
    answer = shell("evaluate", new, new)
    assert answer.error == (
        f"{new} is a text, not a Lampas file: it begins with 'age,colour,bought'"
    )
    damaged = tmp_path / "damaged.lampas"
    content = bytearray((run_folder / "model.lampas").read_bytes())
    content[-1] ^= 255
    damaged.write_bytes(content)
    answer = shell("evaluate", damaged, new)
    assert answer.error.startswith(f"{damaged} is damaged, or no Lampas file: ")
    few = tmp_path / "few.csv"
    few.write_text("age,colour\n1,red\n")
    assert shell("evaluate", run_folder, few).error == (
        f"{few}: column 'bought' is missing; the columns are: 'age', 'colour'"
    )


def test_a_run_of_another_kind(shell, tables, tmp_path):
    import torch

    lampas.Model(torch.nn.Linear(2, 1)).save(tmp_path / "m.lampas")
    path = tmp_path / "m.lampas"
    assert shell("evaluate", path, tables / "new.csv").error == (
        f"{path} holds a run of kind 'model'; known are: {', '.join(sorted(FITTED))}"
    )


def test_the_training_data_are_told_apart_from_new_ones(shell, run_folder, tables, tmp_path):
    table = tables / "train.csv"
    told = f"{table}: the run was trained on it: new rows will score lower\n"
    assert shell("evaluate", run_folder, table).err == told
    assert shell("evaluate", run_folder, tables / ".." / tables.name / "train.csv").err != ""
    copy = tmp_path / "train.csv"
    copy.write_text(table.read_text())
    assert shell("evaluate", run_folder, copy).err == ""


def test_columns_of_images_or_texts_are_for_their_runs(shell, run_folder, tables):
    for noun in ("image", "text"):
        for command in ("evaluate", "predict"):
            answer = shell(command, run_folder, tables / "new.csv", f"--{noun}", "age")
            assert (answer.code, answer.error) == (
                2, f"--{noun} is for a run of {noun}s, and this is none: leave it out",
            )  # fmt: skip
