import torch

from lampas.text.words import WordDropout, WordPath, grams_of, grams_present

KEYS = torch.tensor([23, 34, 42])
IDS = torch.tensor([[2, 3, 4, 2], [4, 2, 4, 2], [5, 0, 0, 0]])


def test_tokens_and_known_pairs():
    grams = grams_of(IDS, IDS != 0, KEYS, 10)
    assert [[gram for gram in row if gram >= 0] for row in grams.tolist()] == [
        [2, 2, 3, 4, 10, 11, 12],
        [2, 2, 4, 4, 12, 12],
        [5],
    ]
    assert grams_of(IDS, IDS != 0, KEYS[:0], 10)[2].tolist() == [-1, -1, -1, 5]


def test_each_gram_counts_once_over_the_root_of_their_number():
    path = WordPath(10, 1, 3)
    path.keys.copy_(KEYS)
    with torch.no_grad():
        path.weight.weight.fill_(1.0)
        path.weight.weight[12] = 5.0
        path.ratio[4] = 3.0
    found = path(IDS, IDS != 0).flatten()
    torch.testing.assert_close(found, torch.tensor([12 / 6**0.5, 9 / 3**0.5, 1.0]))


def test_dropped_words_are_unknown_in_training_alone():
    drop = WordDropout(0.5, unknown=9)
    ids = torch.full((50, 40), 3)
    mask = torch.arange(40) < 30
    seen = drop(ids, mask.expand_as(ids))
    assert 0.4 < (seen[:, :30] == 9).float().mean() < 0.6
    assert (seen[:, 30:] == 3).all()
    assert drop.eval()(ids, mask) is ids


def test_a_path_over_grams_present_in_part_is_linear_and_whole_at_one():
    torch.manual_seed(0)
    ids = torch.tensor([[5, 6, 5, 6, 7], [6, 7, 0, 0, 0], [5, 5, 5, 0, 0]])
    mask = ids != 0
    keys = torch.tensor([5 * 10 + 6, 6 * 10 + 7])
    grams = grams_of(ids, mask, keys, 10)
    there = grams >= 0
    ones = grams_present(ids, mask, keys, 10, torch.ones(3, 5))
    assert (ones[there] == 1).all()
    one, two = torch.rand(3, 5), torch.rand(3, 5)
    sums = [grams_present(ids, mask, keys, 10, part) for part in (one, two, one + two)]
    torch.testing.assert_close((sums[0] + sums[1])[there], sums[2][there])
    row = grams_present(ids, mask, keys, 10, one)[0]
    place = (grams[0] == 10).nonzero()[:, 0]  # the pair 5 6, which occurs twice
    assert len(place) == 2
    torch.testing.assert_close(row[place], one[0, :4].mean().expand(2))
