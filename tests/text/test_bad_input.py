"""Each wrong input gets one line: what, where, and the fix."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from lampas.errors import ArtifactError, DataError, InputError, ShapeError, UnknownNameError
from lampas.text.task import texts
from lampas.text.text_model import TextModel

TEXTS = ["a fine and clever film", "a dull and silly film", "fine, so fine", "dull, so dull"] * 5
LABELS = ["good", "bad"] * 10
FRAME = pd.DataFrame({"review": TEXTS, "stars": LABELS})
PAIR = (TEXTS, LABELS)


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def refusal(*arguments, error=DataError, **options):
    with pytest.raises(error) as caught:
        texts(*arguments, **{"epochs": 1, "verbose": 0, **options})
    return str(caught.value)


@pytest.fixture(scope="module")
def model():
    return texts(FRAME, "stars", epochs=1, verbose=0)


def refused(model, data, what="predict"):
    with pytest.raises(DataError) as caught:
        getattr(model, what)(data)
    return str(caught.value)


def test_columns():
    assert refusal(FRAME, "stars", text="reviews") == (
        "column 'reviews' is missing: did you mean 'review'? The columns are: 'review', 'stars'"
    )
    assert refusal(FRAME, "Star") == (
        "column 'Star' is missing: did you mean 'stars'? The columns are: 'stars', 'review'"
    )
    two = FRAME.assign(title=[f"the title of number {row}" for row in range(20)])
    two["review"] = [f"{text} {row}" for row, text in enumerate(TEXTS)]
    assert refusal(two, "stars") == (
        "2 columns hold texts: 'review', 'title'; pass text='review', or another"
    )
    assert refusal(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), "b") == (
        "no column looks like texts; pass text=, one of: 'a', 'b'"
    )
    assert refusal(FRAME.assign(more=1), text="review") == (
        "which column is to be predicted? pass targets=, one of: 'stars', 'more'"
    )
    assert refusal(FRAME[["review"]], text="review") == (
        "there is no column beside the texts, 'review': nothing to predict"
    )
    assert refusal(FRAME, "review", text="review") == (
        "'review' is the column of texts: it cannot be a target too"
    )


def test_targets():
    gaps = FRAME.assign(stars=[None, *LABELS[1:]])
    assert refusal(gaps, "stars") == (
        "target 'stars': 1 row has no value (row 0); fill it in, or drop the row"
    )
    assert refusal((TEXTS, [np.nan, *range(19)])) == (
        "target 'label': 1 row has no value (row 0); fill it in, or drop the row"
    )
    assert refusal((TEXTS, ["good"] * 20)) == (
        "target 'label' has only one value, 'good': nothing to learn"
    )
    assert refusal((TEXTS, LABELS[:-1])) == "there are 20 texts but 19 labels"
    assert refusal(TEXTS) == (f"{TEXTS[0]}: no such file; texts come with labels: (texts, labels)")
    assert refusal(7) == (
        "the texts are a int, without targets: pass a path, a table, or (texts, labels)"
    )


def test_blank_texts(model):
    assert refusal((["", " "] * 5, LABELS[:10])) == "all texts are blank"
    assert len(model.predict(["", " ", None])) == 3


def test_numbers_are_no_texts(model):
    fix = "pass strings, or a list of token ids for each text"
    assert refusal(([1, 2] * 10, LABELS)) == f"text 0 is 1, a number: {fix}"
    assert refusal((np.arange(20), LABELS)) == f"text 0 is 0, a number: {fix}"
    assert refusal((pd.Series([*TEXTS[1:], 2.5]), LABELS)) == f"text 19 is 2.5, a number: {fix}"
    assert refused(model, ["a", np.nan, True]) == f"text 2 is True, a number: {fix}"


def test_null_bytes(tmp_path, model):
    path = write(tmp_path / "pos.txt", "one\ntwo\0\n")
    fix = "this is no text file, or its encoding is another: pass encoding='utf-16'"
    assert refused(model, path) == f"{path}: line 2 holds a null byte: {fix}"
    assert refusal((["one\0", *TEXTS[1:]], LABELS)) == (
        "text 0 holds a null byte: clean it, or read the file in its own encoding"
    )


def test_encodings(tmp_path, model):
    path = write(tmp_path / "pos.txt", "été à la plage\n", "cp1252")
    assert refused(model, path) == (
        f"{path}: not utf-8: byte 0xe9 at offset 0, line 1; it may be 'cp1252': "
        "pass encoding='cp1252'"
    )
    assert len(model.predict(path, encoding="cp1252")) == 1
    wide = write(
        tmp_path / "pos.csv", "review,stars\n这部电影真的非常好看，我们都很喜欢它,好\n", "gb18030"
    )
    assert refusal(wide, "stars").endswith("it may be 'gb18030': pass encoding='gb18030'")


def test_files(tmp_path, model):
    assert refused(model, "none.txt") == (
        "none.txt: no such file; texts themselves are passed in a list: [text]"
    )
    one = write(tmp_path / "pos.txt", "fine\n")
    assert refusal(one) == (
        f"{one}: one file of lines is one class alone; pass a file a class, or a table (.csv, "
        ".tsv, .parquet, .jsonl)"
    )
    assert refusal([one]) == f"{one}: one class alone, 'pos': nothing to learn"
    empty = write(tmp_path / "neg.txt", "")
    assert refusal([one, empty]) == f"{empty}: the file is empty"
    same = write(tmp_path / "other" / "pos.txt", "fine\n")
    assert refusal([one, same]) == (
        f"{one}, {same}: two files would be one class: rename one of them"
    )
    (tmp_path / "nothing").mkdir()
    assert refusal(tmp_path / "nothing") == (
        f"{tmp_path}/nothing: an empty folder; a folder a class, or a file a class, is needed"
    )


def test_folders(tmp_path):
    root = tmp_path / "reviews"
    write(root / "pos" / "1.png", "no text")
    assert refusal(root) == f"{root}: no .txt file in its folders (pos)"
    write(root / "pos" / "1.txt", "fine")
    assert refusal(root) == f"{root}: one class alone, 'pos': nothing to learn"
    (root / "neg").mkdir()
    assert refusal(root) == (
        f"{root}/neg: a class without a .txt file; fill it, or remove the folder"
    )
    other = write(tmp_path / "test" / "odd" / "1.txt", "odd").parents[1]
    write(root / "neg" / "1.txt", "dull")
    write(other / "pos" / "1.txt", "fine")
    assert refusal(root, validation=other) == (
        "target 'label': row odd/1.txt holds 'odd', a class that training did not have (neg, pos)"
    )


def test_json(tmp_path):
    broken = write(tmp_path / "a.jsonl", '{"text": "a", "label": 1}\n{"text": \n')
    assert refusal(broken) == (
        f"{broken}: line 2 is no JSON: Expecting value: line 1 column 10 (char 9)"
    )
    number = write(tmp_path / "b.jsonl", "3\n")
    assert refusal(number) == f'{number}: line 1 is no JSON object, as {{"text": …}}'
    listed = write(tmp_path / "c.jsonl", '[{"text": "a", "label": 1}]\n')
    assert refusal(listed) == f'{listed}: line 1 is no JSON object, as {{"text": …}}'
    bare = write(tmp_path / "d.jsonl", "{}\n\n{}\n")
    assert refusal(bare) == (
        f'{bare}: its objects have no fields; give them some, as {{"text": …}}'
    )
    deep = write(tmp_path / "e.jsonl", "[" * 100_000 + "\n")
    assert refusal(deep) == f"{deep}: line 1 is no JSON: its brackets are nested too deeply"
    half = write(tmp_path / "f.jsonl", '{"text": "\\ud83d\\ude00"}\n{"text": "a \\ud83d"}\n')
    assert refusal(half) == f"{half}: line 2 holds '\\ud83d', half a letter: leave it out"


def test_token_ids(model):
    ids = np.array([[3, 4, 0], [5, 0, 0]] * 10)
    assert refusal((ids * 1.0, LABELS)) == "token ids are whole numbers, and these are float64"
    assert refusal((-ids, LABELS)) == "token ids are from 0 to 2³¹, and these go from -5 to 0"
    assert refusal((ids * 10_000_000, LABELS)) == (
        "the ids go up to 50000000: number the tokens from 1"
    )
    assert refusal((ids, LABELS), tokenizer="word", error=InputError) == (
        "tokenizer='word', but the texts are token ids already: leave it out"
    )
    assert refusal(([[1, 2], "a"], ["x", "y"])) == (
        "a list of list, str: pass strings, or a list of token ids each"
    )
    assert refused(model, ids) == "these are token ids, and the training had texts"
    of_ids = texts((ids, LABELS), epochs=1, verbose=0)
    assert refused(of_ids, ["a text"]) == "these are texts, and the training had token ids"


def test_evaluation_needs_known_targets(model):
    assert refused(model, FRAME[["review"]], "evaluate") == (
        "column 'stars' is missing; the columns are: 'review'"
    )
    odd = FRAME.assign(stars=["odd", *LABELS[1:]])
    assert refused(model, odd, "evaluate") == (
        "target 'stars': row 0 holds 'odd', a class that training did not have (bad, good)"
    )


class Flat(nn.Module):
    def __init__(self, vocabulary, outputs):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, outputs)

    def forward(self, ids):
        return self.embedding(ids)


def test_nets_and_arguments():
    assert refusal(PAIR, net="lstm", error=UnknownNameError) == (
        "unknown net 'lstm'. Valid: conv, transformer"
    )
    assert refusal(PAIR, positions="rope", error=InputError) == (
        "positions are the transformer's: choose that net, or leave them out"
    )
    assert refusal(PAIR, net="transformer", positions="learnt", error=UnknownNameError) == (
        "unknown positions 'learnt'. Valid: rope, sinusoidal"
    )
    assert refusal(PAIR, length=0, error=InputError) == ("length=0: a text has one token at least")
    assert refusal(PAIR, net=Flat, error=ShapeError) == (
        "Flat returned (2, 5, 1) for 2 texts, and these targets need (2, 1): let its constructor "
        "ask for outputs, or for classes"
    )
    assert refusal(PAIR, net=Flat(3, 1), error=InputError) == (
        "Flat.forward failed on ids (2, 5): index out of range in self: take vocabulary in its "
        "constructor for the number of ids"
    )
    assert refusal(PAIR, net=lambda colour: Flat(9, 1), error=InputError).startswith(
        "<lambda> needs 'colour', which is no shape of texts: give it a default, or ask for one of"
    )
    assert refusal(PAIR, optimizer=torch.optim.SGD([torch.zeros(1)]), error=InputError) == (
        "optimizer was made before the net: pass its name, or a function of the parameters, as "
        "lambda p: torch.optim.SGD(p, lr=0.1)"
    )


def test_a_run_with_a_net_of_yours(tmp_path):
    class Mean(Flat):
        def forward(self, ids, mask):
            return (self.embedding(ids) * mask.unsqueeze(2)).sum(1)

    path = tmp_path / "model.lampas"
    texts(PAIR, net=Mean, epochs=1, verbose=0).save(path)
    with pytest.raises(ArtifactError) as caught:
        TextModel.load(path)
    assert str(caught.value) == (
        f"{path} was trained with your net Mean: pass it, lampas.load('{path}', net=Mean)"
    )
    assert len(TextModel.load(path, net=Mean).predict(["a"])) == 1


def test_a_line_of_50_mb_is_read_to_its_length(tmp_path, capsys, model):
    path = write(tmp_path / "long.jsonl", json.dumps({"review": "fine " * 10_000_000}) + "\n")
    assert len(model.predict(path)) == 1
    assert capsys.readouterr().err == "1 text has more than 512 tokens: the rest is not read\n"


def test_a_long_field_of_a_table(tmp_path, model):
    path = write(tmp_path / "long.csv", f'review,stars\n"{"fine, " * 100_000}",good\nno,bad\n')
    assert model.predict(path)["stars"].shape == (2,)
