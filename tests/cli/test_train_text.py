import json

import pandas as pd
import pytest

import lampas
from lampas.cli.request import TextOptions, refuse
from lampas.cli.usage import UsageError

FINE = ["a fine and clever film", "what a warm story", "clever, warm and fine", "so very fine"]
DULL = ["a dull and silly film", "what a cold story", "silly, cold and dull", "so very dull"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """films.neg and films.pos, table.tsv and new.txt; a run that was trained on the first two."""
    home = tmp_path_factory.mktemp("texts")
    (home / "films").mkdir()
    for name, some in (("pos", FINE), ("neg", DULL)):
        lines = [f"{text} {number}" for number in range(10) for text in some]
        (home / "films" / f"films.{name}").write_text("\n".join(lines) + "\n", "utf-8")
    texts = [f"{text} {number}" for number in range(10) for text in (*FINE, *DULL)]
    frame = pd.DataFrame({"review": texts, "verdict": (["good"] * 4 + ["bad"] * 4) * 10})
    frame.to_csv(home / "table.tsv", sep="\t", index=False)
    (home / "new.txt").write_text("a fine thing\n\ndull and cold\n", "utf-8")
    return home


@pytest.fixture(scope="module")
def run(folder, process):
    films = folder / "films"
    answer = process(
        "train", films / "films.neg", films / "films.pos", "--out", folder / "run",
        "--epochs", 6, "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert "texts       64 to train on, 16 held out" in answer.err
    assert "Scores on 16 held-out texts" in answer.err
    assert json.loads(answer.out)["accuracy"] > 0.9
    return folder / "run"


def test_predict_a_line_each_from_another_folder(run, folder, process, tmp_path):
    answer = process("predict", run, folder / "new.txt", cwd=tmp_path)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0] == "row,label,probability of neg,probability of pos"
    assert [line.split(",")[:2] for line in lines[1::2]] == [["0", "pos"], ["2", "neg"]]
    assert len(lines) == 4


def test_predict_and_evaluate_tables_and_files(run, folder, shell):
    answer = shell("predict", run, folder / "table.tsv", "--out", folder / "said.csv")
    assert answer.code == 0, answer.err
    assert len(pd.read_csv(folder / "said.csv")) == 80
    films = folder / "films"
    answer = shell("evaluate", run, films / "films.neg", films / "films.pos", "--json")
    assert json.loads(answer.out)["accuracy"] > 0.9
    assert shell("evaluate", run, films, "--json").out == answer.out
    two = folder / "two.csv"
    frame = pd.read_csv(folder / "table.tsv", sep="\t")
    frame.assign(title=frame["review"] + "!").to_csv(two, index=False)
    assert shell("predict", run, two).error == (
        f"{two}: 2 columns hold texts: 'review', 'title'; add --text review, or another"
    )
    answer = shell("predict", run, two, "--text", "review", "--out", folder / "two_said.csv")
    assert (answer.code, answer.err) == (0, f"80 predictions in {folder / 'two_said.csv'}\n")
    assert (folder / "two_said.csv").read_text() == (folder / "said.csv").read_text()


def test_a_table_of_texts_is_found_and_has_its_options(folder, shell, tmp_path):
    answer = shell(
        "train", folder / "table.tsv", "--target", "verdict", "--out", tmp_path / "run",
        "--net", "transformer", "--positions", "sinusoidal", "--length", 4, "--tokenizer", "bpe",
        "--vocabulary", 300, "--epochs", 2, "--patience", 1, "--batch-size", 8, "--seed", 3,
        "--validation", folder / "table.tsv",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert "to predict  verdict: good 40, bad 40" in answer.out
    model = lampas.load(tmp_path / "run" / "model.lampas")
    chosen = {
        "target": ["verdict"], "net": "transformer", "positions": "sinusoidal", "length": 4,
        "tokenizer": "bpe", "epochs": 2, "patience": 1, "batch_size": 8, "seed": 3,
        "validation_rows": 80,
    }  # fmt: skip
    assert {name: model.settings[name] for name in chosen} == chosen
    answer = shell("predict", tmp_path / "run", folder / "table.tsv")
    assert answer.out.startswith("row,verdict,probability of bad,probability of good\n")
    assert shell("predict", tmp_path / "run", folder / "films" / "films.neg").code == 0
    assert "TransformerNet, a model of texts" in shell("summary", tmp_path / "run").out


def test_what_is_predicted_of_other_data_is_said(run, folder, shell, tmp_path):
    frame = pd.read_csv(folder / "table.tsv", sep="\t").assign(number=range(80))
    frame.to_csv(tmp_path / "other.csv", index=False)
    answer = shell("predict", run, tmp_path / "other.csv")
    assert (answer.code, answer.err) == (0, "reading the texts in column 'review'\n")
    assert shell("predict", run, "a fine film").error == "a fine film: no such file"
    assert shell("evaluate", run, "none.txt").error == "none.txt: no such file"
    picture = tmp_path / "a.txt"
    picture.write_bytes(b"\xff\xd8\xff\xe0" + bytes(99))
    for more in ((), ("--encoding", "utf-16")):
        answer = shell("predict", run, picture, *more)
        assert answer.error == f"{picture} is a JPEG image, not text"


def test_a_net_of_yours(folder, shell, tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n\n\n"
        "class Bag(nn.EmbeddingBag):\n"
        "    def __init__(self, vocabulary, outputs):\n"
        "        super().__init__(vocabulary, outputs)\n"
    )
    spec = f"{tmp_path}/nets.py:Bag"
    data = folder / "table.tsv"
    answer = shell("train", data, "-t", "verdict", "--model", spec, "--out", tmp_path / "run",
                   "--epochs", 1)  # fmt: skip
    assert answer.code == 0, answer.err
    assert shell("evaluate", tmp_path / "run", data, "--model", spec).code == 0
    assert "was trained with your net Bag" in shell("evaluate", tmp_path / "run", data).error


def test_errors_speak_of_options(folder, shell, tmp_path):
    frame = pd.read_csv(folder / "table.tsv", sep="\t")
    two = tmp_path / "two.csv"
    frame["title"] = [f"the title of number {row}" for row in range(80)]
    frame.to_csv(two, index=False)
    assert shell("train", two, "--target", "verdict", "--as", "text").error == (
        f"{two}: 2 columns hold texts: 'review', 'title'; add --text review, or another"
    )
    assert shell("train", two, "--text", "review", "--as", "text").error == (
        f"{two}: which column is to be predicted? add --target COLUMN, one of: 'verdict', 'title'"
    )
    typed = ("train", folder / "table.tsv", "--net", "transformer", "--target")
    assert shell(*typed, "Verdict").error == (
        f"{folder / 'table.tsv'}: column 'Verdict' is missing: did you mean 'verdict'? The "
        "columns are: 'verdict', 'review'"
    )
    wide = tmp_path / "f.neg"
    wide.write_bytes("été à la plage\n".encode("cp1252"))
    expected = f"{wide}: not utf-8: byte 0xe9 at offset 0, line 1; it may be 'cp1252': "
    films = folder / "films" / "films.pos"
    assert shell("train", wide, films, "--as", "text").error == (expected + "add --encoding cp1252")
    done = shell("train", wide, films, "--encoding", "cp1252", "--out", tmp_path / "r",
                 "--epochs", 1, "--validation", 0)  # fmt: skip
    assert done.code == 0, done.err


def test_wrong_usage(folder, shell):
    table = folder / "table.tsv"
    answer = shell("train", table, "-t", "verdict", "--as", "tabular", "--length", 5)
    assert answer.code == 2
    assert answer.error == "--length is for texts, and the data are a table: leave it out"
    answer = shell("train", table, "-t", "verdict", "--net", "conv", "--model", "nets.py:Net")
    assert (answer.code, answer.error) == (2, "--model and --net: choose one of them")
    answer = shell("train", table, "-t", "verdict", "--net", "lstm")
    assert (answer.code, answer.error) == (
        2, "--net 'lstm': valid are conv, transformer; your own goes by --model",
    )  # fmt: skip


def test_no_option_of_texts_is_forgotten():
    for name in ("text", "positions", "tokenizer", "vocabulary", "length"):
        with pytest.raises(UsageError):
            refuse(TextOptions(**{name: "x"}), "texts", "a table")
    refuse(TextOptions(), "texts", "a table")
