"""On real film reviews, at small size: found where LAMPAS_DATA points."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from lampas.text.task import texts

DATA = Path(os.environ.get("LAMPAS_DATA", ""))
pytestmark = pytest.mark.skipif(
    "LAMPAS_DATA" not in os.environ, reason="LAMPAS_DATA names no folder of data sets"
)


@pytest.fixture(scope="module")
def reviews():
    """3000 sentences and their labels, in a random order."""
    some, labels = [], []
    for name in ("neg", "pos"):
        path = DATA / "rt_polarity" / f"rt-polarity.{name}"
        some += path.read_text("utf-8").split("\n")[:1500]
        labels += [name] * 1500
    order = np.random.default_rng(0).permutation(3000)
    return [some[row] for row in order], np.array(labels)[order]


@pytest.mark.parametrize("net", ["conv", "transformer"])
def test_opinions_are_learnt_and_shuffled_ones_are_not(reviews, net):
    some, labels = reviews
    assert texts((some, labels), net=net, epochs=3, verbose=0).metrics["accuracy"] > 0.68
    shuffled = np.random.default_rng(1).permutation(labels)
    scores = texts((some, shuffled), net=net, epochs=3, verbose=0).metrics
    assert 0.42 < scores["accuracy"] < 0.58  # three deviations of 600 tosses and a bit


def test_reviews_that_are_token_ids():
    with gzip.open(DATA / "imdb_tokens" / "train_token.tsv.gz", "rt", encoding="utf-8") as file:
        rows = [line.split("\t") for line, _ in zip(file, range(1500), strict=False)]
    labels = np.array([int(float(label)) for label, _ in rows])
    ids = np.array([ids.split() for _, ids in rows], np.int64)
    model = texts((ids[:1200], labels[:1200]), validation=None, epochs=2, verbose=0)
    assert model.evaluate((ids[1200:], labels[1200:]))["accuracy"] > 0.72
