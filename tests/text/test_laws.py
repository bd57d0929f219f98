"""What must hold for every text, net and batch."""

import random

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lampas
from lampas.text.conv import ConvNet
from lampas.text.ids import TokenIds
from lampas.text.task import texts
from lampas.text.text_model import TextModel
from lampas.text.tokens import Tokens
from lampas.text.transformer import TransformerNet

VOCABULARY = 30
A_TEXT = st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=12)


def a_net(kind, **options):
    """A net of float64 in which every weight says something."""
    torch.manual_seed(0)
    net = kind(VOCABULARY, 2, pairs=3, **options).double().eval()
    net.words.keys.copy_(torch.tensor([62, 153, 304]))
    with torch.no_grad():
        net.words.ratio.normal_()
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
        net.embedding.weight[0] = 7.0  # padding that is seen would be heard
    return net


NETS = {
    "conv": a_net(ConvNet),
    "rope": a_net(TransformerNet, positions="rope"),
    "sinusoidal": a_net(TransformerNet, positions="sinusoidal"),
}


def answers(net, *lists):
    ids = TokenIds.of(lists).padded(torch.arange(len(lists)))
    with torch.no_grad():
        return net(ids, ids != 0)


@pytest.mark.parametrize("name", NETS)
@given(text=A_TEXT, others=st.lists(st.lists(st.integers(1, 29), min_size=1, max_size=40)))
@settings(max_examples=40, deadline=None)
def test_neighbours_do_not_matter(name, text, others):
    alone = answers(NETS[name], text)[0]
    together = answers(NETS[name], text, *others)[0]
    torch.testing.assert_close(alone, together, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", NETS)
def test_order_and_every_word_matter(name):
    few = answers(NETS[name], [5, 6, 7], [7, 6, 5], [5, 6], [5, 6, 7, 8])
    assert len({tuple(row.round(decimals=9).tolist()) for row in few}) == 4


REVIEWS = ["a fine clever film", "a dull film", "fine", "so very dull and silly, so silly"] * 12
LABELS = ["good", "bad"] * 24


@pytest.fixture(scope="module", params=["conv", "transformer"])
def model(request):
    return texts((REVIEWS, LABELS), net=request.param, epochs=8, verbose=0)


@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=6), size=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_any_text_gets_a_prediction_whatever_the_batch(model, texts, size):
    texts = [text.replace("\0", "") for text in texts]
    whole = model.predict(texts).filter(like="probability").to_numpy()
    assert np.isfinite(whole).all()
    parts = model.predict(texts, batch_size=size).filter(like="probability").to_numpy()
    np.testing.assert_allclose(whole, parts, atol=2e-6)
    for row, text in enumerate(texts):
        alone = model.predict([text]).filter(like="probability").to_numpy()
        np.testing.assert_allclose(whole[row], alone[0], atol=2e-6)


def test_scores_do_not_depend_on_batches_or_order(model):
    order = list(range(48))
    random.Random(0).shuffle(order)
    shuffled = [REVIEWS[row] for row in order], [LABELS[row] for row in order]
    whole = model.evaluate((REVIEWS, LABELS))
    for size in (1, 7, 100):
        assert model.evaluate(shuffled, batch_size=size) == pytest.approx(whole, abs=1e-6)


def test_predictions_come_in_the_order_of_the_texts(model):
    said = model.predict(REVIEWS[:4])["label"].tolist()
    assert said == LABELS[:4]
    assert model.predict(REVIEWS[3::-1])["label"].tolist() == said[::-1]


def test_what_is_saved_predicts_the_same(model, tmp_path):
    model.save(tmp_path / "model.lampas")
    for again in (
        lampas.load(tmp_path / "model.lampas"),
        TextModel.load(tmp_path / "model.lampas"),
    ):
        pd.testing.assert_frame_equal(again.predict(REVIEWS), model.predict(REVIEWS))
        assert again.evaluate((REVIEWS, LABELS)) == model.evaluate((REVIEWS, LABELS))
        assert again.metrics == model.metrics
        assert again.history.rows == model.history.rows
        assert again.settings == model.settings


def test_the_same_seed_gives_the_same_model_and_leaves_torchs_state_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    options = {"epochs": 2, "seed": 3, "verbose": 0}
    first, second = (texts((REVIEWS, LABELS), **options) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    pd.testing.assert_frame_equal(first.predict(REVIEWS), second.predict(REVIEWS))
    other = texts((REVIEWS, LABELS), **{**options, "seed": 4})
    assert not other.predict(REVIEWS).equals(first.predict(REVIEWS))


def test_shuffled_labels_leave_chance():
    rng = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(60)])
    some = [" ".join(rng.choice(words, 12)) for _ in range(600)]
    labels = rng.permutation(["good", "bad"] * 300)
    tells = np.where(labels == "good", "fine", "dull")
    told = [f"{text} {word}" for text, word in zip(some, tells, strict=True)]
    assert texts((told, labels), epochs=4, verbose=0).metrics["accuracy"] > 0.95
    shuffled = texts((told, rng.permutation(labels)), epochs=4, verbose=0)
    assert 0.35 < shuffled.metrics["accuracy"] < 0.65


def test_only_training_texts_make_the_vocabulary():
    held_out = ["a unicorn film", "another unicorn"], ["good", "bad"]
    fitted = texts((REVIEWS, LABELS), validation=held_out, epochs=1, verbose=0)
    known = fitted.tokens.tokenizer.get_vocab()
    assert "film" in known
    assert "unicorn" not in known
    assert "another" not in known


@given(st.lists(st.text(alphabet="ab ,.'é中文😀\t\u3000", max_size=20), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_the_remembered_words_are_those_of_the_tokenizer(texts):
    for kind in ("word", "character"):
        tokens = Tokens.fit(["ab a, b. é 中文 😀 b'a"], kind)
        ids, _ = tokens.encode(texts, length=50)
        for row, text in enumerate(texts):
            ours = ids.padded(torch.tensor([row]))[0].tolist()
            theirs = tokens.tokenizer.encode(text, add_special_tokens=False).ids
            assert ours == (theirs or [tokens.unknown])
