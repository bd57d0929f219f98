"""Attributions of real trainings: complete, highest at the word that decides, without a trace."""

import random

import numpy as np
import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError, UnknownNameError

FILLERS = ["the", "a", "film", "story", "it", "was", "with", "of", "and", "some", "people", "who"]


def sentences(count, seed=0):
    """Fillers in any order, with "splendid" planted in each second one, and a name in all."""
    draw = random.Random(seed)
    texts, labels = [], []
    for number in range(count):
        words = draw.choices(FILLERS, k=draw.randint(4, 12))
        planted = "Splendid" if number % 2 else "dreary"
        words.insert(draw.randrange(len(words)), planted)
        texts.append(" ".join(words) + ".")
        labels.append("good" if number % 2 else "bad")
    return texts, labels


class Summed(nn.Module):
    """A user's net: one embedding, no mask, and an output that is Σ tanh(e) · w."""

    def __init__(self, vocabulary, outputs):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 8, padding_idx=0)
        self.last = nn.Linear(8, outputs)

    def forward(self, ids):
        return self.last(self.embedding(ids).tanh().sum(1))


class Counted(nn.Module):
    """A user's net without an embedding: counts of tokens."""

    def __init__(self, vocabulary, outputs):
        super().__init__()
        self.vocabulary = vocabulary
        self.last = nn.Linear(vocabulary, outputs)

    def forward(self, ids):
        there = (ids != 0).unsqueeze(2)
        return self.last((nn.functional.one_hot(ids, self.vocabulary) * there).float().sum(1))


class Both(Summed):
    """An embedding that tells less than the counts beside it: some of what is read goes past it."""

    def __init__(self, vocabulary, outputs):
        super().__init__(vocabulary, outputs)
        self.counts = Counted(vocabulary, outputs)

    def forward(self, ids):
        return super().forward(ids) + self.counts(ids)


class Recurrent(nn.Module):
    def __init__(self, vocab_size, outputs):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 16)
        self.last = nn.Linear(16, outputs)

    def forward(self, ids, mask):
        found, _ = self.lstm(self.embedding(ids.T))
        return self.last((found * mask.T.unsqueeze(2)).sum(0))


NETS = {"conv": "conv", "transformer": "transformer", "summed": Summed, "counted": Counted,
        "both": Both, "recurrent": Recurrent}  # fmt: skip


def fast(parameters):
    return torch.optim.Adam(parameters, lr=0.02)


@pytest.fixture(scope="module", params=list(NETS))
def fitted(request):
    net = NETS[request.param]
    optimizer = None if isinstance(net, str) else fast
    model = lampas.texts(sentences(300), net=net, epochs=12, verbose=0, optimizer=optimizer)
    assert model.metrics["accuracy"] > 0.9
    return model


def expected_method(model):
    return "leave_one_out" if model._net in ("Counted", "Both") else "integrated"


@pytest.mark.parametrize("method", [None, "leave_one_out"])
def test_the_planted_word_has_the_highest_share(fitted, method):
    texts, labels = sentences(40, seed=1)
    found = fitted.attributions(texts, method=method)
    assert found.method == (method or expected_method(fitted))
    assert found.predictions.equals(fitted.predict(texts))
    hits = 0
    for text, label, one in zip(texts, labels, found, strict=True):
        assert "".join(one.pieces) == text
        assert one.target == found.predictions[fitted.targets.names[0]].iloc[texts.index(text)]
        best = one.tokens[int(one.shares.argmax())]
        hits += one.target == label and best in ("Splendid", "dreary")
    assert hits >= 38


def test_shares_sum_to_the_score_less_that_of_absent_tokens(fitted):
    texts, _ = sentences(30, seed=2)
    found = fitted.attributions(texts, "good")
    share = fitted.predict(texts)["probability of good"].to_numpy()
    scores = [one.score for one in found]
    np.testing.assert_allclose(scores, np.log(share / (1 - share)), atol=1e-4)
    for one in found:
        if found.method == "leave_one_out":
            assert np.isnan(one.start)
        else:
            assert abs(one.gap) <= 0.0101 * (1 + abs(one.score - one.start))
    against = fitted.attributions(texts, "bad")
    for one, other in zip(found, against, strict=True):
        np.testing.assert_allclose(one.shares, -other.shares, atol=1e-4)


def test_batches_and_padding_change_nothing(fitted):
    texts, _ = sentences(9, seed=3)
    found = fitted.attributions(texts, "good")
    alone = [fitted.attributions([text], "good")[0] for text in texts]
    small = fitted.attributions(texts, "good", batch_size=2)
    for one, two, three in zip(found, alone, small, strict=True):
        # The points on the way are chosen by the batch: equal within what they are chosen for.
        near = 0.02 * (1 + abs(one.score))
        np.testing.assert_allclose(one.shares, two.shares, atol=near)
        np.testing.assert_allclose(one.shares, three.shares, atol=near)


def test_nothing_of_the_model_changes(fitted, unchanged):
    texts, _ = sentences(9, seed=3)
    fitted.model.train()
    with unchanged(fitted.model), torch.inference_mode():
        first = fitted.attributions(texts)
    fitted.model.eval()
    with unchanged(fitted.model):
        again = fitted.attributions(texts)
        fitted.attributions(texts, method="leave_one_out")
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.shares, two.shares)


def test_a_known_net_is_known_exactly():
    """Of Σ tanh(e) · w each token's share is its own term, whatever the others are."""
    model = lampas.texts(sentences(100), net=Summed, epochs=3, verbose=0)
    net = model.model.net
    found = model.attributions(["the splendid dreary film"], "good")[0]
    ids = torch.tensor(model.tokens.tokenizer.encode("the splendid dreary film").ids)
    with torch.no_grad():
        terms = net.embedding(ids).tanh() @ net.last.weight[0]
    np.testing.assert_allclose(found.shares, terms.numpy(), atol=1e-3)
    assert found.start == pytest.approx(net.last.bias.item())


def test_several_classes_amounts_and_columns():
    texts, labels = sentences(90)
    three = [label if place % 3 else "none" for place, label in enumerate(labels)]
    model = lampas.texts((texts, three), epochs=2, verbose=0)
    assert {one.target for one in model.attributions(texts[:9])} <= {"bad", "good", "none"}
    assert abs(model.attributions(texts[:9], "none")[0].gap) < 0.05
    amounts = np.where(np.array(labels) == "good", 500.0, 300.0) + np.arange(90) / 90
    model = lampas.texts((texts, amounts), epochs=6, verbose=0)
    found = model.attributions(texts[:4])
    assert found[0].score == pytest.approx(float(found.predictions.iloc[0, 0]), rel=1e-4)
    assert found[0].target == found.predictions.columns[0]


def test_ids_have_their_numbers_for_tokens():
    rng = np.random.default_rng(0)
    ids = [rng.integers(3, 20, rng.integers(3, 9)).tolist() for _ in range(80)]
    labels = [int(7 in row) for row in ids]
    model = lampas.texts((ids, labels), epochs=2, verbose=0)
    found = model.attributions([[7, 8, 9], [99, 4]], 1)
    assert found[0].tokens == ("7", "8", "9")
    assert found[1].tokens == ("[UNK]", "4")


def test_what_is_odd_or_wrong(capsys):
    model = lampas.texts(sentences(60), net=Counted, epochs=1, verbose=0)
    found = model.attributions(["", "the"], "good")
    assert [len(one.shares) for one in found] == [1, 1]
    assert found[0].shares[0] == 0
    assert "1 text is blank" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"^the net has no nn.Embedding that reads the tokens"):
        model.attributions(["a film"], method="integrated")
    with pytest.raises(UnknownNameError, match=r"^unknown method 'lime'. Valid: integrated, leave"):
        model.attributions(["a film"], method="lime")
    with pytest.raises(UnknownNameError, match=r"^unknown class 'goood': did you mean 'good'"):
        model.attributions(["a film"], "goood")
