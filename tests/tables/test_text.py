"""Tokens: the frequent ones, and of these the ones that tell something."""

import numpy as np
import pytest

from lampas.tables.text import frequent_tokens, telling_tokens


def test_rare_tokens_and_those_that_all_texts_hold_are_left_out():
    texts = [f"the {'cat' if i % 2 else 'dog'} no{i}" for i in range(40)]
    assert frequent_tokens(texts) == ["cat", "dog"]
    assert frequent_tokens(texts, most=1) == ["cat"]


@pytest.mark.parametrize("texts", [[], ["...", "!"], ["a"] * 3])
def test_texts_without_a_token_to_learn(texts):
    assert frequent_tokens(texts) == []


def test_a_token_that_goes_with_one_of_the_targets_is_kept():
    rng = np.random.default_rng(0)
    texts = [f"{'dr' if i % 2 else 'mr'} {rng.choice(['x', 'y'])}" for i in range(200)]
    amount = np.array([10.0 * (i % 2) for i in range(200)]) + rng.normal(size=200)
    noise = rng.normal(size=200)
    kept = telling_tokens(["dr", "x"], texts, [noise, amount], classes=False)
    assert kept == ["dr"]
    assert telling_tokens(["dr", "x"], texts, [noise], classes=False) == []
