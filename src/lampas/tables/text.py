"""Short free text (names, codes, remarks) as the frequent, telling tokens it holds."""

import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

TOKEN = r"[^\W\d_]+|\d+"  # runs of letters and runs of digits: "C85" is "c" and "85"
MOST_TOKENS = 64
_CHANCE = 0.001


def held(texts: Sequence[str], tokens: Sequence[str]) -> np.ndarray:
    """Which of `tokens` each of the texts (N,) holds: float64 (N, tokens), 1 or 0.

    Tokens are as scikit-learn's `CountVectorizer` finds them, which predicting does without: it
    takes a second to import.

    >>> held(["Dr. A2", ""], ["dr", "2"]).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    found = np.zeros((len(texts), len(tokens)))
    places = {token: place for place, token in enumerate(tokens)}
    for row, text in zip(found, texts, strict=True):
        row[[places[one] for one in re.findall(TOKEN, text.lower()) if one in places]] = 1.0
    return found


def frequent_tokens(texts: Sequence[str], most: int = MOST_TOKENS) -> list[str]:
    """The tokens that at least 2 % of `texts` hold (5 at the least), most frequent first.

    A token that (nearly) all texts hold tells nothing and is left out: at most 98 % hold it.

    >>> frequent_tokens(["Dr. A", "Dr. B", "Mr. C"] * 5)
    ['dr', 'a', 'b', 'c', 'mr']
    """
    from sklearn.feature_extraction.text import CountVectorizer

    if not texts:
        return []
    counter = CountVectorizer(token_pattern=TOKEN, binary=True)
    try:
        found: Any = counter.fit_transform(texts)
    except ValueError:  # scikit-learn's "empty vocabulary": the texts are all punctuation
        return []
    held = np.asarray(found.sum(axis=0)).ravel()
    least, limit = max(5, 0.02 * len(texts)), 0.98 * len(texts)
    counts = zip(held.tolist(), counter.get_feature_names_out().tolist(), strict=True)
    kept = sorted((-count, token) for count, token in counts if least <= count <= limit)
    return [token for _, token in kept[:most]]


def telling_tokens(
    tokens: Sequence[str], texts: Sequence[str], targets: Sequence[np.ndarray], classes: bool
) -> list[str]:
    """Those of `tokens` whose presence in `texts` (N) goes with a target (N,) beyond chance.

    An F test for each token and target, at 0.1 % (scikit-learn's `f_classif` for classes,
    `f_regression` for numbers). In a small table most frequent words are noise, and a net
    learns noise.

    >>> texts = ["mr a", "mr b", "miss a", "miss b"] * 5
    >>> telling_tokens(["mr", "a"], texts, [np.array([0, 0, 1, 1] * 5)], classes=True)
    ['mr']
    """
    from sklearn.feature_selection import f_classif, f_regression

    if not tokens:
        return []
    test = f_classif if classes else f_regression
    there = held(texts, tokens)
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a token that settles a class divides by zero: p = 0
        chance = np.min([test(there, target)[1] for target in targets], axis=0)
    return [token for token, p in zip(tokens, chance, strict=True) if p < _CHANCE]
