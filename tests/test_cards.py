"""What a notebook is given, by IPython's own formatter."""

from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import lampas

formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")

X = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
Y = (X.sum(1, keepdim=True) > 0).float()


class Checked(HTMLParser):
    """All tags are closed in their order, and no other colour than the page's is set."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.open == []
        assert "color:" not in html

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def shown(thing: Any) -> dict[str, Any]:
    data, _ = formatters.DisplayFormatter().format(thing)
    return data


def words(thing: Any) -> list[str]:
    return Checked(shown(thing)["text/html"]).words


def model() -> lampas.Model:
    torch.manual_seed(0)
    return lampas.Model(nn.Linear(2, 1))


def test_a_model_says_how_it_stands() -> None:
    made = model()
    assert words(made)[:3] == ["Model", " 3 parameters; not compiled", "layers"]
    made.compile("adam", "bce_logits")
    assert words(made)[1] == " 3 parameters; Adam; lr 0.001; BCEWithLogitsLoss; float32"
    made.fit(X, Y, epochs=2, verbose=0)
    assert words(made)[2] == repr(made.history)
    assert shown(made)["text/plain"] == repr(made)


def test_a_model_with_a_step_of_its_own() -> None:
    class GAN(lampas.Model):
        def train_step(self, batch: Any) -> dict[str, Any]:
            return {}

    made = GAN(nn.Linear(2, 1))
    made.compile({"g<1>": torch.optim.SGD(made.parameters(), lr=0.5)})
    assert words(made)[:2] == ["GAN", " 3 parameters; OwnLoss; float32"]


@pytest.fixture(scope="module")
def fitted() -> lampas.TabularModel:
    frame = pd.DataFrame({"a": np.arange(60) % 7, "t<b>": ["yes", "<i>no"] * 30})
    return lampas.tabular(frame, "t<b>", epochs=1, verbose=0)


def test_a_fitted_model_says_how_good_it_is(fitted: lampas.TabularModel) -> None:
    found = words(fitted)
    assert found[:2] == ["TabularModel", " binary of t<b>, TabularNet"]
    scores = list(fitted.metrics)
    assert found[2 : 2 + len(scores)] == scores
    assert "on 12 held-out rows; trained on 48 rows" in found
    assert repr(fitted.history) in found


def test_evidence_shows_its_first_samples(fitted: lampas.TabularModel) -> None:
    evidence = fitted.evidence()
    found = words(evidence)
    assert found[0] == repr(evidence) == "Evidence(binary of t<b>; 12 samples)"
    assert found[1:3] == ["true t<b>", "t<b>"]
    assert found[-1] == "and 7 more: .table()"


def test_everything_else_has_a_display() -> None:
    made = model()
    made.compile("sgd", "mse")
    found = lampas.find_lr(made, X, Y, steps=10)
    history = made.fit(X, Y, epochs=1, verbose=0)
    profile = made.profile(X, Y, steps=2)
    with lampas.watch(made) as watch:
        assert words(watch) == ["nothing was seen yet"]
        made(X).sum().backward()
    assert words(watch)[:3] == ["name", "of", "shape"]
    assert words(profile)[0] == profile.words()[0]
    assert words(made.summary((2,)))[0] == "layer"
    assert words(history)[0] == "epoch"
    for picture in (found, found.plot(), history.plot()):
        assert shown(picture)["image/png"].startswith(b"\x89PNG")
    assert "image/svg+xml" in shown(lampas.graph(made(X).sum(), made))
    assert shown(found)["text/plain"] == str(found)
