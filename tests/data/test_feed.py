from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from lampas.data.dataset_feed import DatasetFeed
from lampas.data.feed import Source, check_count, is_batches, make_source, make_validation
from lampas.data.loader import LoaderFeed, StreamFeed, TensorLoaderFeed
from lampas.data.memory import MemoryFeed
from lampas.data.wrap import ClassWeightFeed, HeadFeed, StepsFeed
from lampas.errors import DataError, InputError

CPU, F32 = torch.device("cpu"), torch.float32
X, Y = torch.arange(20.0).reshape(10, 2), torch.arange(10)


class Own(Dataset[Any]):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Any:
        return X[index], Y[index]


class Endless(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter(zip(X, Y, strict=True))


def _source(x: Any, y: Any = None, weight: Any = None, class_weight: Any = None) -> Source:
    return make_source(x, y, weight, CPU, F32, class_weight)


@pytest.mark.parametrize(
    ("x", "y", "kind", "batches"),
    [
        (X, Y, MemoryFeed, 3),
        ([X, X], Y, MemoryFeed, 3),
        ({"a": X}, None, MemoryFeed, 3),
        (TensorDataset(X, Y), None, MemoryFeed, 3),
        (DataLoader(TensorDataset(X, Y), 5), None, TensorLoaderFeed, 2),
        (Own(), None, DatasetFeed, 3),
        (Endless(), None, LoaderFeed, None),
        (DataLoader(Own(), 5), None, LoaderFeed, 2),
        ([(X, Y), (X, Y)], None, LoaderFeed, 2),
        ([{"a": X}], None, LoaderFeed, 1),
    ],
)
def test_each_kind_gets_its_feed(x: Any, y: Any, kind: type, batches: int | None) -> None:
    source = _source(x, y)
    feed = source.feed(4, shuffle=True, steps=None)
    assert type(feed) is kind
    assert feed.batches == batches
    assert (source.rows is not None) == (kind is MemoryFeed)
    assert type(source.feed(4, shuffle=True, steps=2)) is StepsFeed
    assert type(source.once(4, steps=2)) is HeadFeed
    assert sum(batch.size for batch in source.once(4, steps=None)) in (10, 20)


def test_a_dataset_is_shuffled_where_asked() -> None:
    orders = []
    for shuffle in (False, True):
        torch.manual_seed(0)
        batches = _source(Own()).feed(4, shuffle=shuffle, steps=None)
        orders.append([int(y) for batch in batches for y in batch.y])
    assert orders[0] == list(range(10))
    assert orders[1] != orders[0]
    assert sorted(orders[1]) == orders[0]


class NoLength(Dataset[Any]):
    pass


class Empty(Own):
    def __len__(self) -> int:
        return 0


@pytest.mark.parametrize(
    ("x", "line"),
    [
        (NoLength(), "the dataset NoLength has no length: write its __len__"),
        (Empty(), "the dataset Empty is empty: its length is 0"),
    ],
)
def test_datasets_without_samples(x: Any, line: str) -> None:
    for shuffle in (True, False):
        with pytest.raises(DataError) as caught:
            _source(x).feed(4, shuffle=shuffle, steps=None)
        assert str(caught.value) == line


def test_generators() -> None:
    def stream() -> Any:
        return iter([X] * 4)

    assert type(_source(stream()).feed(4, shuffle=True, steps=2)) is StreamFeed
    assert type(_source(stream()).validation(4, steps=2)) is StreamFeed
    assert len(list(_source(stream()).once(4, steps=None))) == 4
    for read, name in (
        (lambda s: s.feed(4, shuffle=True, steps=None), "steps_per_epoch"),
        (lambda s: s.validation(4, steps=None), "validation_steps"),
    ):
        with pytest.raises(InputError) as caught:
            read(_source(stream()))
        wanted = f"a generator needs {name}: how many of its batches make an epoch"
        assert str(caught.value) == wanted


def test_class_weights_act_on_training_alone() -> None:
    source = _source(X, Y, class_weight={0: 2.0})
    assert type(source.feed(4, shuffle=True, steps=3)) is ClassWeightFeed
    first, last = source.split(0.3)
    assert first.class_weight == {0: 2.0}
    assert last.class_weight is None
    assert all(batch.weight is None for batch in last.validation(4, steps=None))


@pytest.mark.parametrize(("share", "held"), [(0.3, 3), (0.01, 1), (0.25, 2), (0.9, 9)])
def test_the_last_rows_are_held_out(share: float, held: int) -> None:
    first, last = _source(X, Y, np.arange(10.0)).split(share)
    assert first.rows is not None
    assert last.rows is not None
    assert first.rows.y.tolist() == list(range(10 - held))
    assert last.rows.y.tolist() == list(range(10 - held, 10))
    assert last.rows.weight is not None
    assert last.rows.weight.tolist() == list(range(10 - held, 10))


def test_splits_that_cannot_be() -> None:
    cases = [
        (_source(X), 1.0, "validation_split is 1.0: it must lie between 0 and 1"),
        (_source(X), -0.1, "validation_split is -0.1: it must lie between 0 and 1"),
        (_source(X[:1]), 0.5, "validation_split=0.5 of 1 rows leaves none to train"),
        (_source(Own()), 0.5, "validation_split cuts arrays; for a dataset, loader or generator "
                              "pass validation_data"),
    ]  # fmt: skip
    for source, share, line in cases:
        with pytest.raises(InputError) as caught:
            source.split(share)
        assert str(caught.value) == line


def test_a_tensor_dataset_of_three_holds_weights() -> None:
    source = _source(TensorDataset(X, Y, torch.ones(10)))
    assert source.rows is not None
    assert source.rows.weight is not None
    with pytest.raises(DataError, match=r"^the TensorDataset holds 3 tensors: pass them as fit"):
        _source(TensorDataset(X, Y, Y))


def test_first_rows_that_are_kept_keep_no_others() -> None:
    batch = _source(torch.ones(1000, 100), torch.ones(1000)).first(7)
    assert batch.size == 7
    assert batch.x.untyped_storage().nbytes() == batch.x.nbytes
    assert _source(X, Y).first(99).size == 10
    assert _source(Own()).first(3).size == 3


def test_what_is_a_list_of_batches() -> None:
    assert is_batches([(X, Y)])
    assert is_batches([[X, Y], (X, Y)])
    assert is_batches([{"a": X}])
    assert not is_batches([X, Y])
    assert not is_batches([])
    assert not is_batches(((X, Y),))


def test_validation_data() -> None:
    for data in ((X, Y), [X, Y], (X, Y, torch.ones(10))):
        source = make_validation(data, CPU, F32)
        assert source.rows is not None
        assert (source.rows.weight is not None) == (len(data) == 3)
    assert make_validation([(X, Y), (X, Y)], CPU, F32).rows is None
    assert make_validation(DataLoader(Own()), CPU, F32).rows is None
    with pytest.raises(DataError, match=r"^validation_data has 1 parts: pass \(x, y\) or "):
        make_validation((X,), CPU, F32)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, None, "3"])
def test_counts(value: Any) -> None:
    with pytest.raises(InputError) as caught:
        check_count("batch_size", value)
    assert str(caught.value) == f"batch_size is {value!r}: it must be a whole number, 1 or more"
    check_count("batch_size", 1)


def test_the_usual_size_grows_where_rows_are_small_and_never_under_128() -> None:
    device, dtype = torch.device("cpu"), torch.float32
    sizes = [make_source(torch.zeros(2, width), None, None, device, dtype).usual_size
             for width in (1, 64, 200, 100_000)]  # fmt: skip
    assert sizes == [1024, 1024, 327, 128]
    stream = make_source([(torch.zeros(2, 1), None)], None, None, device, dtype)
    assert stream.usual_size == 128
