"""What is kept until backward, and what blocks drop."""

import torch

from lampas.summary.kept import Kept, address_of


def test_without_blocks_each_storage_counts_once() -> None:
    kept, x = Kept({}), torch.zeros(10)
    kept.enter("a", (x,))
    kept.save(x, ["", "a"])
    kept.save(x[2:], ["", "a"])
    kept.save(torch.zeros(5), [""])
    assert kept.bytes_beside(set()) == 60
    assert kept.bytes_beside({address_of(x)}) == 20


def test_of_blocks_the_inputs_count_and_the_largest_call() -> None:
    kept = Kept({"a.0": "a", "a.1": "a", "b": "b"})
    x, inside, y = torch.zeros(10), torch.zeros(20), torch.zeros(30)
    kept.enter("a.0", (x,))
    kept.save(inside, ["", "a.0"])
    kept.enter("a.1", (inside,))  # a block goes on: it does not begin here
    kept.save(y, ["", "a.1", "a.1.inner"])
    assert kept.bytes_beside(set()) == 4 * (10 + 50)
    kept.enter("b", ([y],))  # what another begins with is kept
    kept.save(torch.zeros(7), ["", "b"])
    assert kept.bytes_beside(set()) == 4 * (10 + 30 + 20)
    kept.enter("b", (y,))
    kept.save(torch.zeros(70), ["", "b"])  # each call is made again alone
    assert kept.bytes_beside(set()) == 4 * (10 + 30 + 70)
    kept.save(inside, [""])
    assert kept.bytes_beside(set()) == 4 * (10 + 30 + 70 + 20)
