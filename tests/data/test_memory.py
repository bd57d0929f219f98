import weakref
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.data import memory
from lampas.data.arrays import make_rows
from lampas.data.memory import MemoryFeed, take

CPU = torch.device("cpu")


def _feed(x: Any, y: Any = None, w: Any = None, size: int = 4, shuffle: bool = False) -> MemoryFeed:
    rows = make_rows(x, y, w, torch.float32)
    return MemoryFeed(rows, size, shuffle=shuffle, device=CPU)


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 40), size=st.integers(1, 45), shuffle=st.booleans(),
    chunk=st.integers(1, 400), in_order=st.sampled_from([4, 1 << 30]),
)  # fmt: skip
def test_batches_are_slices_of_one_permutation(
    n: int, size: int, shuffle: bool, chunk: int, in_order: int
) -> None:
    x, y = torch.arange(2 * n).reshape(n, 2), np.arange(n, dtype="int32")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "CHUNK_BYTES", chunk)
        patch.setattr(memory, "_IN_ORDER", in_order)
        feed = _feed(x, y, size=size, shuffle=shuffle)
        torch.manual_seed(n)
        batches = list(feed)
    torch.manual_seed(n)
    order = torch.randperm(n) if shuffle else torch.arange(n)
    assert len(batches) == feed.batches
    for batch, rows in zip(batches, order.split(size), strict=True):
        assert torch.equal(batch.x, x[rows])
        assert torch.equal(batch.y, torch.from_numpy(y)[rows].long())
        assert batch.size == len(rows)


@pytest.mark.parametrize("in_order", [4, 1 << 30])
@pytest.mark.parametrize("shuffle", [False, True])
def test_the_data_are_out_of_reach_of_a_batch(
    monkeypatch: pytest.MonkeyPatch, shuffle: bool, in_order: int
) -> None:
    monkeypatch.setattr(memory, "_IN_ORDER", in_order)
    x, y = torch.ones(10, 2), np.ones(10, "float32")
    for batch in _feed(x, y, shuffle=shuffle):
        batch.x += 1
        batch.y += 1
    assert bool((x == 1).all())
    assert (y == 1).all()


def test_nested_inputs_and_what_is_missing() -> None:
    x = {"a": np.ones((5, 2)), "b": (torch.arange(5),)}
    (batch, last) = _feed(x, None, np.arange(5.0))
    assert batch.x["a"].dtype == torch.float32
    assert batch.x["b"][0].tolist() == [0, 1, 2, 3]
    assert batch.y is None
    assert last.weight.tolist() == [4.0]
    assert last.size == 1


@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint32, torch.uint64, torch.float16])
def test_rows_of_any_dtype_can_be_taken(dtype: torch.dtype) -> None:
    x = torch.tensor([[1, 2], [3, 65000], [5, 6]]).to(dtype)
    found = take(x, torch.tensor([2, 1]))
    assert found.dtype == dtype
    assert found.tolist() == [x.tolist()[2], x.tolist()[1]]


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_large_batch_is_let_go_before_the_next_is_made(shuffle: bool) -> None:
    batches = iter(_feed(torch.zeros(8, 1 << 17), torch.zeros(8), size=2, shuffle=shuffle))
    for _ in range(4):
        batch = next(batches)
        x = weakref.ref(batch.x)
        del batch
        assert x() is None


@pytest.mark.parametrize("in_order", [4, 1 << 30])
def test_reading_goes_on_from_any_batch(monkeypatch: pytest.MonkeyPatch, in_order: int) -> None:
    monkeypatch.setattr(memory, "_IN_ORDER", in_order)
    feed = _feed(torch.arange(23), size=2)
    whole = [batch.x.tolist() for batch in feed]
    for skip in range(13):
        assert [batch.x.tolist() for batch in feed.begin(skip)] == whole[skip:]


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_lie_in_memory_as_the_data_do(shuffle: bool) -> None:
    images = torch.arange(6 * 3 * 4 * 5.0).view(6, 3, 4, 5).to(memory_format=torch.channels_last)
    for batch in _feed(images, images.flatten(1), shuffle=shuffle):
        assert batch.x.stride() == images.stride()
        assert torch.equal(batch.x.flatten(1), batch.y)


def test_rows_that_are_no_block_of_memory_are_taken_too() -> None:
    columns = torch.arange(12.0).view(3, 4).T
    assert torch.equal(take(columns, torch.tensor([2, 0])), columns[[2, 0]])
    every_other = torch.arange(24.0).view(4, 6)[:, ::2]
    assert torch.equal(take(every_other, torch.tensor([2, 0])), every_other[[2, 0]])
