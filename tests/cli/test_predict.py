import io
import json

import pandas as pd

import lampas
from lampas.cli.predict import to_stdout


def test_csv_on_stdout_and_in_a_file_and_parquet_hold_the_same(
    process, shell, run_folder, tables, tmp_path
):
    new = tables / "new.csv"
    piped = process("predict", run_folder, new)
    assert (piped.code, piped.err) == (0, "")
    found = pd.read_csv(io.StringIO(piped.out))
    assert found.columns.tolist() == ["row", "bought", "probability of no", "probability of yes"]
    assert found["row"].tolist() == list(range(12))
    expected = lampas.TabularModel.load(run_folder / "model.lampas").predict(new)
    assert found["bought"].tolist() == expected["bought"].tolist()

    answer = shell("predict", run_folder, new, "--out", tmp_path / "p.csv")
    assert (answer.out, answer.err) == ("", f"12 predictions in {tmp_path / 'p.csv'}\n")
    written = pd.read_csv(tmp_path / "p.csv")
    pd.testing.assert_frame_equal(written, found, rtol=1e-6)
    shell("predict", run_folder, new, "--out", tmp_path / "p.parquet")
    parquet = pd.read_parquet(tmp_path / "p.parquet").reset_index()
    assert parquet.columns.tolist() == found.columns.tolist()
    pd.testing.assert_frame_equal(parquet, written, check_dtype=False)


def test_json_is_an_object_a_row(shell, run_folder, tables):
    answer = shell("predict", run_folder, tables / "new.csv", "--json")
    rows = [json.loads(line) for line in answer.out.splitlines()]
    csv = pd.read_csv(io.StringIO(shell("predict", run_folder, tables / "new.csv").out))
    assert [*rows[0]] == csv.columns.tolist()
    pd.testing.assert_frame_equal(pd.DataFrame(rows), csv)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_six_digits_and_a_pipe_gets_all(monkeypatch):
    found = pd.DataFrame({"day": [1.0, None], "value": [1 / 3, 98765432.1], "count": [1, 2]})
    for stream, lines in (
        (Terminal(), ["day,value,count", "1,0.333333,1", ",98765432,2"]),
        (io.StringIO(), ["day,value,count", "1.0,0.3333333333333333,1", ",98765432.1,2"]),
    ):
        monkeypatch.setattr("sys.stdout", stream)
        to_stdout(found, index=False)
        assert stream.getvalue().splitlines() == lines


def test_what_cannot_be_predicted_is_one_line(shell, run_folder, tables, tmp_path):
    few = tmp_path / "few.csv"
    few.write_text("bought,colour\nno,red\n")
    answer = shell("predict", run_folder, few)
    assert (answer.code, answer.out) == (1, "")
    assert answer.error == f"{few}: column 'age' is missing; the columns are: 'bought', 'colour'"
    few.write_text("age,colour\nold,red\n")
    assert shell("predict", run_folder, few, "--out", tmp_path / "p.csv").error == (
        f"{few}: column 'age': row 0 holds 'old', but a number is needed; correct it or leave it "
        "empty"
    )
    assert not (tmp_path / "p.csv").exists()


def test_where_predictions_cannot_go(shell, run_folder, tables):
    new = tables / "new.csv"
    before = new.read_bytes()
    answer = shell("predict", run_folder, new, "--out", "p.txt")
    assert (answer.code, answer.error) == (
        2, "--out p.txt: predictions are written as .csv or .parquet",
    )  # fmt: skip
    answer = shell("predict", run_folder, new, "--out", new)
    assert (answer.code, answer.error) == (
        2, f"--out {new}: this is the data to read; it would be overwritten",
    )  # fmt: skip
    answer = shell("predict", run_folder, new, "--out", new / "p.csv")
    assert (answer.code, answer.error) == (
        1, f"cannot write {new / 'p.csv'}: {new} is a file, not a folder",
    )  # fmt: skip
    assert new.read_bytes() == before
