import json

import lampas
from lampas.cli.runs import model_file


def test_json_is_what_python_says(shell, run_folder, tables):
    answer = shell("importance", run_folder, tables / "new.csv", "--json", "--metric", "accuracy")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    model = lampas.TabularModel.load(model_file(str(run_folder)))
    expected = model.importance(tables / "new.csv", "accuracy")
    assert found["metric"] == "accuracy"
    assert found["lower_is_better"] is False
    assert found["columns"] == expected.to_dict("records")


def test_people_get_a_table(shell, run_folder, tables):
    new = tables / "new.csv"
    answer = shell("importance", run_folder, new, "--together", "age+colour", "--repeats", "1")
    lines = answer.out.splitlines()
    assert lines[0].startswith(f"12 rows of {new}: loss 0.")
    assert lines[0].endswith("; lower is better")
    assert lines[2].split() == ["column", "worse", "by", "±", "loss", "without"]
    assert {line.split("  ")[1] for line in lines[3:]} == {"age", "colour", "age + colour"}
    assert "nan" in lines[3]  # one shuffle has no spread
    answer = shell("importance", run_folder, new, "--repeats", "1", "--json")
    assert json.loads(answer.out)["columns"][0]["std"] is None


def test_what_does_not_go_is_one_line(shell, run_folder, tables, tmp_path):
    new = tables / "new.csv"
    answer = shell("importance", run_folder, new, "--together", "age+size")
    assert answer.code == 1
    assert answer.error == f"{new}: feature 'size' is missing; the columns are: 'age', 'colour'"
    assert shell("importance", run_folder, new, "--metric", "aucc").error.startswith(
        "unknown metric 'aucc': did you mean 'auc' or 'acc'?"
    )
    texts = lampas.texts(
        (["a fine film", "so dull"] * 10, ["good", "bad"] * 10), epochs=1, verbose=0
    )
    texts.save(tmp_path / "texts.lampas")
    assert shell("importance", tmp_path / "texts.lampas", new).error == (
        f"{tmp_path / 'texts.lampas'} is no run on a table, and importance is of a table's "
        "columns: in Python images have saliency, and texts attributions"
    )
