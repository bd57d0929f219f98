import math

import pytest
import torch

from lampas.text import ratios
from lampas.text.ids import TokenIds
from lampas.text.ratios import frequent_pairs, teach
from lampas.text.words import WordPath

IDS = TokenIds.of([[2, 3], [3, 2, 3, 2], [4], [2, 3, 5]])


def test_pairs_of_two_texts_and_more_not_across_texts():
    assert frequent_pairs(IDS, 10).tolist() == [23]
    twice_in_one = TokenIds.of([[2, 3, 2, 3], [4, 4]])
    assert frequent_pairs(twice_in_one, 10).tolist() == []


def test_the_most_frequent_are_kept(monkeypatch):
    monkeypatch.setattr(ratios, "_MOST", 1)
    ids = TokenIds.of([[8, 9], [8, 9], [2, 3], [2, 3], [2, 3]])
    assert frequent_pairs(ids, 10).tolist() == [23]


def test_only_so_many_tokens_are_looked_at(monkeypatch):
    monkeypatch.setattr(ratios, "_READ", 3)
    assert frequent_pairs(TokenIds.of([[2, 3], [2, 3]]), 10).tolist() == []


def test_ratios_are_those_of_naive_bayes():
    path = WordPath(10, 1, 1)
    keys = torch.tensor([23])
    teach(path, keys, IDS, torch.tensor([[1.0], [1.0], [0.0], [0.0]]))
    # 11 rows, one text of each kind added; votes for: 2, 3, (2, 3) twice each, against: once each
    # and 4 and 5 once.
    for_all, against_all = 11 + 6, 11 + 5
    assert path.ratio[2].item() == pytest.approx(
        math.log(3 / for_all) - math.log(2 / against_all), abs=1e-6
    )
    assert path.ratio[10].item() == path.ratio[2].item()
    assert path.ratio[4].item() == pytest.approx(
        math.log(1 / for_all) - math.log(2 / against_all), abs=1e-6
    )
    assert path.ratio[9].item() == 0.0  # in no text
    assert path.keys.tolist() == [23]
