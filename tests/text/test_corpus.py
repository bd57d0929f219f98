import gzip

import numpy as np
import pandas as pd
import pytest
import torch

from lampas.text.corpus import Reading, labelled, split_folders, unlabelled
from lampas.text.ids import TokenIds

READING = Reading()
TEXTS = ["a fine film, really", "a dull film, really", "other words at last"]
LABELS = ["good", "bad", "good"]


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def pairs(corpus):
    return list(zip(corpus.texts, corpus.frame.iloc[:, 0], strict=True))


EXPECTED = list(zip(TEXTS, LABELS, strict=True))


@pytest.mark.parametrize(
    "source",
    [
        (TEXTS, LABELS),
        (np.array(TEXTS), np.array(LABELS)),
        (pd.Series(TEXTS), pd.Series(LABELS)),
        {"text": TEXTS, "label": LABELS},
        pd.DataFrame({"label": LABELS, "text": TEXTS}),
    ],
)
def test_texts_and_labels_in_memory(source):
    corpus = labelled(source, READING)
    assert pairs(corpus) == EXPECTED
    assert corpus.frame.columns.tolist() == ["label"]


@pytest.mark.parametrize(
    "name", ["t.csv", "t.tsv", "t.csv.gz", "t.jsonl", "t.jsonl.gz", "t.parquet"]
)
def test_tables(tmp_path, name):
    frame, path = pd.DataFrame({"text": TEXTS, "label": LABELS}), tmp_path / name
    if "json" in name:
        frame.to_json(path, orient="records", lines=True)
    elif "parquet" in name:
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if "tsv" in name else ",")
    for corpus in (labelled(path, READING), labelled(str(path), READING)):
        assert pairs(corpus) == EXPECTED
        assert corpus.column == "text"
    assert unlabelled(path, READING).texts == TEXTS


def test_a_file_a_class(tmp_path):
    neg = write(tmp_path / "films.neg", "\ufeffdull\r\n\r\nso dull\r\n")
    pos = write(tmp_path / "films.pos", "fine\nvery fine")
    expected = [("dull", "neg"), ("so dull", "neg"), ("fine", "pos"), ("very fine", "pos")]
    for source in (tmp_path, [neg, pos], (str(neg), str(pos)), {"neg": neg, "pos": str(pos)}):
        corpus = labelled(source, READING)
        assert pairs(corpus) == expected
        assert corpus.notes == ("1 blank line was left out",)
        assert corpus.column is None


def test_classes_are_named_by_what_differs(tmp_path):
    paths = [write(tmp_path / name, "a text") for name in ("good.txt", "bad.txt")]
    assert labelled(paths, READING).frame["label"].tolist() == ["good", "bad"]
    zipped = tmp_path / "ugly.txt.gz"
    zipped.write_bytes(gzip.compress(b"ugly"))
    assert pairs(labelled([*paths, zipped], READING))[-1] == ("ugly", "ugly")


def test_a_folder_a_class_and_split_folders(tmp_path):
    for split in ("train", "valid"):
        for name in ("neg", "pos"):
            write(tmp_path / split / name / "1.txt", f"{name} in\n{split}\n")
    write(tmp_path / "train" / "neg" / "0.txt", "")
    write(tmp_path / "train" / ".hidden" / "0.txt", "no")
    corpus = labelled(tmp_path / "train", READING)
    assert corpus.frame.index.tolist() == ["neg/0.txt", "neg/1.txt", "pos/1.txt"]
    assert corpus.texts == ["", "neg in\ntrain\n", "pos in\ntrain\n"]
    assert corpus.blank.tolist() == [True, False, False]
    assert corpus.one_a_file
    assert split_folders(tmp_path) == (tmp_path / "train", tmp_path / "valid")
    assert split_folders(tmp_path / "train") is None


def test_what_is_predicted(tmp_path):
    lines = write(tmp_path / "new.txt", "one text\n\nanother\n", "utf-8-sig")
    assert unlabelled(lines, READING).texts == ["one text", "", "another"]
    whole = Reading(one_a_file=True)
    assert unlabelled(lines, whole).texts == ["one text\n\nanother\n"]
    assert unlabelled(lines, whole).frame.index.tolist() == ["new.txt"]
    assert unlabelled(tmp_path, whole).frame.index.tolist() == ["new.txt"]
    assert unlabelled([lines, lines], READING).texts == ["one text", "", "another"] * 2
    assert unlabelled(["a", None, np.nan, "b"], READING).texts == ["a", "", "", "b"]
    series = pd.Series(["a", "b"], index=[7, 9])
    assert unlabelled(series, READING).frame.index.tolist() == [7, 9]


def test_several_labels_and_names():
    several = np.array([[0, 1], [1, 0], [1, 1]])
    corpus = labelled((TEXTS, several), READING)
    assert corpus.frame.columns.tolist() == ["label 0", "label 1"]
    corpus = labelled((TEXTS, several), Reading(targets=("red", "blue")))
    assert corpus.frame.columns.tolist() == ["red", "blue"]
    assert labelled((TEXTS, [1, 2, 3]), Reading(targets=("stars",))).frame["stars"].sum() == 6


@pytest.mark.parametrize(
    "ids",
    [
        np.array([[0, 5, 0, 6], [7, 0, 0, 0], [0, 0, 0, 0]]),
        torch.tensor([[5, 0, 6, 0], [7, 0, 0, 0], [0, 0, 0, 0]]),
        [[5, 0, 6], [7, 0], []],
        [np.array([5, 0, 6]), torch.tensor([7]), np.array([], int)],
    ],
)
def test_token_ids(ids):
    corpus = unlabelled(ids, READING)
    assert isinstance(corpus.texts, TokenIds)
    assert corpus.texts.flat.tolist() == [5, 0, 6, 7]
    assert corpus.texts.lengths.tolist() == [3, 1, 0]
    assert corpus.blank.tolist() == [False, False, True]


def test_rows_are_chosen():
    corpus = labelled((TEXTS, LABELS), READING).select(np.array([2, 0]))
    assert pairs(corpus) == [EXPECTED[2], EXPECTED[0]]
    assert corpus.frame.index.tolist() == [2, 0]
