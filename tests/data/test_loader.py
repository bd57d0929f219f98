from typing import Any, cast

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Subset, TensorDataset

from lampas.data.loader import (
    LoaderFeed,
    StreamFeed,
    TensorLoaderFeed,
    is_weight,
    read_batch,
    stacks_rows_only,
)
from lampas.errors import DataError

CPU, F32 = torch.device("cpu"), torch.float32
X, Y = torch.arange(12.0).reshape(6, 2), torch.arange(6)


class Mine(TensorDataset):
    def __getitem__(self, index: Any) -> Any:
        return tuple(t * 2 for t in super().__getitem__(index))


class MyLoader(DataLoader[Any]):
    pass


def _own_collate(rows: list[Any]) -> Any:
    return torch.utils.data.default_collate(rows)


@pytest.mark.parametrize(
    ("loader", "known"),
    [
        (DataLoader(TensorDataset(X, Y), 2), True),
        (DataLoader(Subset(TensorDataset(X, Y), [4, 1]), 2, shuffle=True), True),
        (DataLoader(TensorDataset(X, Y), 2, num_workers=1), True),
        (DataLoader(TensorDataset(X, Y), 2, num_workers=1, persistent_workers=True), False),
        (DataLoader(TensorDataset(X, Y), 2, num_workers=1, worker_init_fn=print), False),
        (DataLoader(TensorDataset(X, Y), 2, num_workers=1, sampler=[0, 1]), False),
        (DataLoader(TensorDataset(X, Y), 2, collate_fn=_own_collate), False),
        (DataLoader(TensorDataset(X, Y), batch_size=None), False),
        (DataLoader(TensorDataset(X, Y), batch_sampler=[[0, 1], [2]]), False),
        (DataLoader(Mine(X, Y), 2), False),
        (MyLoader(TensorDataset(X, Y), 2), False),
        (DataLoader(TensorDataset(X.to_sparse()), 2), False),
        ([(X, Y)], False),
    ],
)
def test_what_is_recognised(loader: Any, known: bool) -> None:
    assert stacks_rows_only(loader) is known


def test_workers_that_only_stack_are_left_out_and_nothing_else_changes() -> None:
    loader: Any = DataLoader(
        TensorDataset(X, Y), 4, shuffle=True, num_workers=2, multiprocessing_context="fork"
    )
    torch.manual_seed(3)
    expected = [x.tolist() for x, _ in loader] + [torch.rand(3).tolist()]
    torch.manual_seed(3)
    found = [batch.x.tolist() for batch in TensorLoaderFeed(loader, CPU)] + [torch.rand(3).tolist()]
    assert found == expected


def test_a_sampler_of_no_length_and_an_empty_dataset() -> None:
    loader: Any = DataLoader(TensorDataset(X), 4, sampler=iter(range(6)))
    feed = TensorLoaderFeed(loader, CPU)
    assert feed.batches is None
    assert [batch.size for batch in feed] == [4, 2]
    empty: Any = DataLoader(TensorDataset(X[:0]), 4)
    assert list(TensorLoaderFeed(empty, CPU)) == []


def test_a_batch_of_three_has_weights() -> None:
    loader: Any = DataLoader(TensorDataset(X, Y, torch.ones(6)), 4)
    batch = next(iter(TensorLoaderFeed(loader, CPU)))
    assert batch.weight is not None
    assert batch.weight.tolist() == [1.0] * 4


def test_is_weight() -> None:
    assert is_weight(torch.ones(6), 6)
    assert is_weight(None, 6)
    assert not is_weight(torch.ones(5), 6)
    assert not is_weight(torch.ones(6, 1), 6)
    assert not is_weight(torch.ones(6).long(), 6)


def test_numpy_batches_get_the_dtypes_that_arrays_get() -> None:
    item = (X.numpy().astype("f8")[::-1], Y.numpy().astype("i4"), np.ones(6))
    batch = read_batch(item, 1, CPU, F32)
    assert (batch.x.dtype, batch.y.dtype, batch.size) == (F32, torch.int64, 6)
    assert batch.weight is not None
    assert batch.weight.dtype == F32
    assert torch.equal(batch.x, X.flip(0))
    half = read_batch((np.ones((2, 1), "f2"),), 1, CPU, torch.float64)
    assert half.x.dtype == torch.float64


def test_tensor_batches_keep_their_dtype() -> None:
    batch = read_batch([X.double(), Y.int()], 1, CPU, F32)
    assert (batch.x.dtype, batch.y.dtype) == (torch.float64, torch.int32)


def test_a_dict_is_the_inputs() -> None:
    batch = read_batch({"a": X, "labels": Y}, 1, CPU, F32)
    assert list(batch.kwargs) == ["a", "labels"]
    assert batch.y is None
    assert batch.size == 6


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ((X, ["a", "b"]),
         "batch 3 of the loader holds Tensor, str in a tuple, not a batch of tensors: yield (x, "
         "y), each with a first dimension of samples"),
        ({"text": "a"}, "batch 3 of the loader holds str in a dict, not a batch of tensors: yield "
                        "(x, y), each with a first dimension of samples"),
        ((), "batch 3 of the loader has 0 parts: yield x, (x, y) or (x, y, sample_weight) with "
             "weights of shape (batch,); several inputs belong together: ((x1, x2), y)"),
        ((X, Y, Y), "batch 3 of the loader has 3 parts: yield x, (x, y) or (x, y, sample_weight) "
                    "with weights of shape (batch,); several inputs belong together: ((x1, x2), "
                    "y)"),
        ((X, Y[:5]), "batch 3 of the loader: x has 6 samples but y has 5"),
        ((X, {"a": Y, "b": Y[:1]}), "batch 3 of the loader: x has 6 samples but y['b'] has 1"),
    ],
)  # fmt: skip
def test_what_is_no_batch(item: Any, line: str) -> None:
    with pytest.raises(DataError) as caught:
        read_batch(item, 3, CPU, F32)
    assert str(caught.value) == line


def test_a_loader_can_be_read_again() -> None:
    feed = LoaderFeed([(X, Y)], CPU, F32)
    assert feed.batches == 1
    assert [len(list(feed)) for _ in range(2)] == [1, 1]
    assert LoaderFeed(iter([]), CPU, F32).batches is None


def test_a_stream_is_read_on() -> None:
    feed = StreamFeed(iter([X] * 5), 2, CPU, F32)
    assert (feed.batches, len(list(feed)), len(list(feed))) == (2, 2, 2)
    line = (
        "the generator ended after 5 batches, at batch 2 of 2 of this epoch: lower "
        "steps_per_epoch or epochs, or make it yield on"
    )
    with pytest.raises(DataError) as caught:
        list(feed)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("sample", "what"),
    [
        (lambda index: torch.zeros(3 + index), "the shapes [3] and [4]"),
        (lambda index: np.zeros((3 + index, 2)), "the shapes [3, 2] and [4, 2]"),
        (lambda index: [0.0] * (3 + index), "lists of several lengths"),
    ],
)
def test_samples_that_cannot_be_stacked(sample: Any, what: str) -> None:
    loader: Any = DataLoader(cast(Any, [(sample(index), 1) for index in range(4)]), 2)
    with pytest.raises(DataError) as caught:
        list(LoaderFeed(loader, CPU, F32))
    assert str(caught.value) == (
        f"the samples of a batch have {what}: pad them to one, or pass a DataLoader with a "
        "collate_fn that does"
    )


def test_what_a_dataset_raises_is_left_alone() -> None:
    def broken() -> Any:
        yield X
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        list(LoaderFeed(broken(), CPU, F32))
