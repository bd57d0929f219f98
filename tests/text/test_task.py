"""`lampas.texts` as a whole: every task and every kind of input, at small size."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import lampas
from lampas.text.task import texts

ADJECTIVES = ["fine", "clever", "warm", "dull", "silly", "cold"]
NOUNS = ["film", "story", "actor", "song", "scene"]


def sentences(rows=240, seed=0):
    """Sentences of filler with two adjectives, and how many of these are kind."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, 6, (rows, 2))
    some = [
        f"the {ADJECTIVES[one]} {rng.choice(NOUNS)} was a {ADJECTIVES[two]} {rng.choice(NOUNS)}"
        for one, two in chosen
    ]
    return some, (chosen < 3).sum(1), chosen


TEXTS, KIND, CHOSEN = sentences()
NEW, NEW_KIND, NEW_CHOSEN = sentences(100, seed=1)


def fit(labels, **options):
    return texts((TEXTS, labels), **{"epochs": 8, "verbose": 0, **options})


@pytest.mark.parametrize("net", ["conv", "transformer"])
def test_two_classes(net):
    model = fit(np.where(KIND > 0, "yes", "no"), net=net)
    scores = model.evaluate((NEW, np.where(NEW_KIND > 0, "yes", "no")))
    assert list(scores) == ["loss", "accuracy", "roc_auc", "average_precision", "f1"]
    assert scores["accuracy"] > 0.95


@pytest.mark.parametrize("tokenizer", ["word", "bpe", "character"])
def test_several_classes(tokenizer):
    model = fit(KIND, tokenizer=tokenizer, epochs=15)
    scores = model.evaluate((NEW, NEW_KIND))
    assert list(scores) == ["loss", "accuracy", "roc_auc", "f1"]
    assert scores["accuracy"] > (0.6 if tokenizer == "character" else 0.9)
    found = model.predict(NEW)
    assert found.columns.tolist() == ["label", *(f"probability of {one}" for one in range(3))]
    np.testing.assert_allclose(found.iloc[:, 1:].sum(axis=1), 1.0)


def test_several_yes_or_no_targets():
    labels = pd.DataFrame({"kind": KIND > 0, "fine": (CHOSEN == 0).any(1)})
    model = fit(labels, epochs=12)
    scores = model.evaluate(
        (NEW, pd.DataFrame({"kind": NEW_KIND > 0, "fine": (NEW_CHOSEN == 0).any(1)}))
    )
    assert list(scores) == ["loss", "accuracy", "roc_auc"]
    assert scores["accuracy"] > 0.95
    assert model.predict(NEW).columns.tolist() == [
        "kind", "fine", "probability of kind=True", "probability of fine=True",
    ]  # fmt: skip


def test_numbers():
    model = fit(1000.25 + 10.0 * KIND, epochs=20)
    scores = model.evaluate((NEW, 1000.25 + 10.0 * NEW_KIND))
    assert list(scores) == ["loss", "mae", "rmse", "r2"]
    assert scores["r2"] > 0.8
    assert model.predict(NEW)["label"].between(950, 1070).all()
    as_numbers = fit(KIND, kinds={"label": "number"}, epochs=1)
    assert list(as_numbers.metrics) == ["loss", "mae", "rmse", "r2"]


def test_token_ids():
    words = sorted({word for text in TEXTS for word in text.split()})
    ids = [[words.index(word) + 1 for word in text.split()] for text in TEXTS]
    labels = np.where(KIND > 0, "yes", "no")
    listed = texts((ids, labels), epochs=8, verbose=0)
    padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in ids], batch_first=True)
    boxed = texts((padded, labels), epochs=8, verbose=0)
    assert listed.metrics == boxed.metrics
    assert listed.metrics["accuracy"] > 0.95
    pd.testing.assert_frame_equal(listed.predict(ids), listed.predict(padded.numpy()))
    assert listed.settings["vocabulary"] == len(words) + 2
    assert len(listed.predict([[999], [0, 0]])) == 2


class Bag(nn.Module):
    def __init__(self, vocab_size, classes, padding_idx, width=8):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, width, padding_idx=padding_idx)
        self.last = nn.Linear(width, classes)

    def forward(self, tokens, attention_mask=None):
        assert attention_mask.dtype == torch.bool
        found = self.embedding(tokens) * attention_mask.unsqueeze(2)
        return self.last(found.sum(1))


class Ids(nn.Module):
    def __init__(self, vocabulary, outputs):
        super().__init__()
        self.words = nn.EmbeddingBag(vocabulary, outputs, mode="sum")

    def forward(self, ids):
        return self.words(ids)


@pytest.mark.parametrize("net", [Bag, Ids, lambda vocabulary, length: Ids(vocabulary + length, 1)])
def test_a_net_of_yours(net):
    labels = np.where(KIND > 0, "yes", "no")
    rate = {"optimizer": lambda p: torch.optim.Adam(p, lr=0.1)}
    model = texts((TEXTS, labels), net=net, epochs=10, verbose=0, **rate)
    assert model.metrics["accuracy"] > 0.9
    assert model.settings["own_net"]


def test_rare_classes_are_weighted(capsys):
    labels = np.where(KIND == 0, "rare", "usual")
    labels[np.flatnonzero(KIND == 0)[8:]] = "usual"
    model = fit(labels, epochs=2, verbose=2)
    assert set(model.settings["class_weight"]) == {"rare", "usual"}
    assert "classes differ 31-fold in size and are weighted" in capsys.readouterr().err
    assert "class_weight" not in fit(labels, epochs=1, class_weight=None).settings


def test_held_out_texts_of_their_own():
    labels = np.where(KIND > 0, "yes", "no")
    model = fit(labels, validation=(NEW, np.where(NEW_KIND > 0, "yes", "no")), epochs=2)
    assert (model.settings["rows"], model.settings["validation_rows"]) == (240, 100)
    assert len(fit(labels, validation=None, epochs=3).history) == 3
    assert "val_loss" not in fit(labels, validation=0, epochs=1).history.columns


def test_truncation_is_told(capsys):
    model = fit(KIND, length=5, epochs=1, verbose=2)
    err = capsys.readouterr().err
    assert "length      5 tokens: 240 texts have more, and the rest of them is not read" in err
    assert model.settings["cut"] == 192
    assert (
        model.predict([TEXTS[0], TEXTS[0] + " and so on"])
        .iloc[0]
        .equals(model.predict([TEXTS[0], TEXTS[0] + " and so on"]).iloc[1])
    )


def test_a_model_tells_what_it_is():
    model = fit(KIND, epochs=1)
    assert isinstance(model, lampas.TextModel)
    assert repr(model).startswith("TextModel(multiclass of label, ConvNet; held out: loss ")
    assert model.describe()["tokens"] == {"kind": "word", "size": model.tokens.size}
    assert {name: tuple(x.shape) for name, x in model.example().items()} == {
        "ids": (2, 4),
        "mask": (2, 4),
    }
    assert str(
        model.model.summary({"ids": (4,), "mask": (4,)}, {"ids": torch.int64, "mask": torch.bool})
    )


def test_chinese_without_spaces():
    good, bad = (
        ["很好看的电影", "非常好看", "这个故事很好"],
        ["真难看的电影", "非常无聊", "这个故事不行"],
    )
    model = texts((good * 10 + bad * 10, [1] * 30 + [0] * 30), epochs=10, verbose=0)
    assert model.predict(["故事好看", "难看又无聊"])["label"].tolist() == [1, 0]


def test_what_is_odd_is_told_though_nobody_watches(capsys):
    labels = np.eye(2, dtype=int)[(KIND > 0).astype(int)]
    texts(([None, *TEXTS[1:]], labels), epochs=1)
    assert capsys.readouterr().err.splitlines()[:2] == [
        "labels has exactly one 1 in each row, as one-hot classes have: for one target of 2 "
        "classes pass labels.argmax(1); as it is, each column is a yes/no target of its own",
        "1 text is blank (row 0), and read as one unknown token",
    ]


def test_a_run_without_a_column_of_texts_says_which_one_it_reads(capsys):
    model = fit(KIND > 0, epochs=1)
    frame = pd.DataFrame({"id": range(240), "said": TEXTS, "label": KIND > 0})
    capsys.readouterr()
    model.predict(frame)
    model.evaluate(frame)
    assert capsys.readouterr().err == "reading the texts in column 'said'\n" * 2
    model.predict(frame[["said", "label"]])
    model.predict(["a film", ""])
    assert capsys.readouterr().err == "1 text is blank (row 1), and read as one unknown token\n"
    named = texts(frame, "label", text="said", epochs=1, verbose=0)
    named.predict(frame)
    assert capsys.readouterr().err == ""
