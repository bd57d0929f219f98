import torch

from lampas.text.batches import LengthBatches, TextDataset, sorted_loader, training_loader
from lampas.text.ids import TokenIds

LENGTHS = torch.randint(1, 200, (2000,), generator=torch.Generator().manual_seed(0))
IDS = TokenIds.of([[row + 1] * length for row, length in enumerate(LENGTHS.tolist())])


def test_each_row_once_and_another_order_each_epoch():
    batches = LengthBatches(LENGTHS, 32)
    first, second = list(batches), list(batches)
    for epoch in (first, second):
        assert sorted(row for batch in epoch for row in batch) == list(range(2000))
        assert len(epoch) == len(batches) == 63
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}


def test_the_order_is_that_of_torchs_random_state():
    batches = LengthBatches(LENGTHS, 32)
    torch.manual_seed(1)
    first = list(batches)
    torch.manual_seed(1)
    assert list(batches) == first


def test_batches_are_of_similar_length():
    padded = sum(len(batch) * int(LENGTHS[batch].max()) for batch in LengthBatches(LENGTHS, 32))
    assert padded < 1.1 * int(LENGTHS.sum())


def test_a_batch_is_padded_with_its_mask_and_targets():
    dataset = TextDataset(TokenIds.of([[5], [6, 7]]), ("ids", "mask"), torch.tensor([1.0, 2.0]))
    x, y = dataset.__getitems__([1, 0])
    assert x["ids"].tolist() == [[6, 7], [5, 0]]
    assert x["mask"].tolist() == [[True, True], [True, False]]
    assert y.tolist() == [2.0, 1.0]
    assert len(dataset) == 2
    assert dataset[0][0]["ids"].tolist() == [[5]]


def test_an_epoch_of_training():
    dataset = TextDataset(IDS, ("ids",), torch.arange(2000))
    rows = [row for _, y in training_loader(dataset, 64) for row in y.tolist()]
    assert sorted(rows) == list(range(2000))
    assert rows != list(range(2000))


def test_sorted_batches_say_which_row_is_which_and_draw_nothing():
    before = torch.get_rng_state()
    loader, rows = sorted_loader(TextDataset(IDS, ("ids",)), 100)
    first = torch.cat([x[:, 0] for (x,) in loader])
    assert (first == rows + 1).all()
    assert torch.equal(before, torch.get_rng_state())
    sizes = [x.shape[1] for (x,) in loader]
    assert sizes == sorted(sizes, reverse=True)
