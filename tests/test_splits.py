"""Held-out rows: each row on one side, each class with its share, from a seed."""

from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

import lampas
from lampas.errors import DataError, LampasError
from lampas.splits import split_rows


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=12, max_size=80), st.integers(0, 9))
def test_every_row_is_on_one_side_and_every_class_is_trained_on(labels, seed):
    classes = np.array(labels)
    try:
        train, held = split_rows(len(classes), 0.25, seed, classes)
    except DataError:
        assert max(np.unique(classes, return_counts=True)[1]) < 4
        return
    assert sorted([*train, *held]) == list(range(len(classes)))
    for name, count in zip(*np.unique(classes, return_counts=True), strict=True):
        assert name in classes[train]
        assert abs((classes[held] == name).sum() - 0.25 * count) <= 1
    assert abs(len(held) - 0.25 * len(classes)) <= 1


def test_the_seed_decides():
    first, again, other = (split_rows(50, 0.2, seed)[1].tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert len(first) == 10


def test_a_class_of_one_row_stays_in_training():
    train, held = split_rows(11, 0.5, 0, np.array(["a"] * 10 + ["rare"]))
    assert 10 in train
    assert len(held) == 5


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, 1.5])
def test_a_share_out_of_range(share):
    with pytest.raises(DataError) as caught:
        split_rows(10, share, 0)
    assert str(caught.value) == (
        f"validation={share!r}: a share of the rows between 0 and 1 is needed"
    )


def test_too_few_rows():
    with pytest.raises(DataError) as caught:
        split_rows(2, 0.2, 0)
    assert str(caught.value) == (
        "validation=0.2 of 2 rows leaves none on one side: take another share, or data of their own"
    )


SHARES = st.floats(0.05, 0.95)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), SHARES, st.integers(0, 2**32 - 1))
def test_split_is_disjoint_covers_and_keeps_the_share(count, share, seed):
    rows = list(range(count))
    if round(share * count) == 0:
        with pytest.raises(DataError):
            lampas.split(rows, share, seed=seed)
        return
    train, held = lampas.split(rows, share, seed=seed)
    assert sorted(train + held) == rows
    assert train == sorted(train)
    assert abs(len(held) - share * count) <= 1
    np.random.seed(0)
    torch.manual_seed(0)
    before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert lampas.split(rows, share, seed=seed) == (train, held)
    assert (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=8, max_size=60), SHARES, st.integers(0, 99))
def test_strata_are_kept(labels, share, seed):
    rows = list(range(len(labels)))
    try:
        train, held = lampas.stratified_split(rows, share, labels=labels, seed=seed)
    except DataError:
        return
    assert sorted(train + held) == rows
    for name in set(labels):
        there = labels.count(name)
        assert abs(sum(labels[i] == name for i in held) - share * there) <= 1
        assert any(labels[i] == name for i in train)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=60), SHARES, st.integers(0, 99))
def test_no_group_is_on_both_sides(groups, share, seed):
    rows = list(range(len(groups)))
    if len(set(groups)) < 2:
        with pytest.raises(DataError):
            lampas.group_split(rows, share, groups, seed=seed)
        return
    train, held = lampas.group_split(rows, share, groups, seed=seed)
    assert sorted(train + held) == rows
    assert not {groups[i] for i in train} & {groups[i] for i in held}
    largest = max(map(groups.count, set(groups)))
    assert abs(len(held) - share * len(rows)) <= largest
    assert lampas.group_split(rows, share, groups, seed=seed) == (train, held)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=2, max_size=60), SHARES)
def test_nothing_of_the_future_is_trained_on(times, share):
    rows = list(range(len(times)))
    if len(set(times)) < 2:
        with pytest.raises(DataError):
            lampas.time_split(rows, share, time=times)
        return
    train, held = lampas.time_split(rows, share, time=times)
    assert sorted(train + held) == rows
    assert max(times[i] for i in train) < min(times[i] for i in held)
    cuts = [sum(t > moment for t in times) for moment in sorted(set(times))[:-1]]
    assert abs(len(held) - share * len(rows)) == min(abs(c - share * len(rows)) for c in cuts)


FRAME = pd.DataFrame(
    {"x": np.arange(10.0), "kind": list("aaaaabbbbb"), "who": [0, 1, 2, 3, 4] * 2},
    index=[f"row {i}" for i in range(10)],
)
DAYS = pd.date_range("2024-01-01", periods=10)


def test_each_kind_of_data_stays_what_it_is():
    x, y = torch.arange(10.0)[:, None], np.arange(10)
    train, held = lampas.split({"x": (x, FRAME), "y": [y, y], "none": None}, 0.3)
    assert isinstance(held["x"][0], torch.Tensor)
    assert held["x"][0].shape == (3, 1)
    assert isinstance(train["y"], list)
    assert train["y"][0].tolist() == train["x"][1]["x"].tolist()
    assert held["x"][1].index.tolist() == [f"row {i}" for i in held["y"][1]]
    assert held["none"] is None
    series, _ = lampas.time_split(FRAME["x"], 0.5)
    assert series.index.tolist() == FRAME.index[:5].tolist()
    index, _ = lampas.time_split(FRAME.index, 0.5)
    assert index.tolist() == FRAME.index[:5].tolist()
    small = torch.tensor([0, 1, 2, 3], dtype=torch.uint16)
    assert lampas.time_split(small, 0.5)[1].tolist() == [2, 3]
    Point = namedtuple("Point", "x y")
    assert lampas.time_split(Point([1, 2], [3, 4]), 0.5)[0] == Point([1], [3])


def test_columns_of_a_frame_by_name():
    train, held = lampas.stratified_split(FRAME, 0.4, labels="kind")
    assert held["kind"].value_counts().to_dict() == {"a": 2, "b": 2}
    train, held = lampas.group_split(FRAME, 0.4, "who")
    assert not set(train["who"]) & set(held["who"])
    assert len(held) == 4
    train, held = lampas.time_split(FRAME.assign(day=DAYS[::-1]), 0.3, time="day")
    assert held["x"].tolist() == [0, 1, 2]
    assert lampas.time_split({"x": FRAME["x"], "t": DAYS}, 0.1, time="t")[1]["x"].tolist() == [9]


class Own(Dataset):
    def __init__(self, name):
        setattr(self, name, [0] * 8 + [1] * 4)

    def __len__(self):
        return 12

    def __getitem__(self, i):
        return torch.tensor([float(i)]), 0


class Unsized(Dataset):
    def __getitem__(self, i):
        return i


@pytest.mark.parametrize(
    "data",
    [
        Own("targets"), Own("labels"), TensorDataset(torch.zeros(12), torch.arange(12) // 8),
        Subset(Own("targets"), range(12)),
    ],
)  # fmt: skip
def test_labels_of_datasets(data):
    train, held = lampas.stratified_split(data, 0.5)
    assert type(held) is Subset
    assert (len([i for i in held.indices if i < 8]), len(held)) == (4, 6)
    assert not isinstance(held.dataset, Subset)
    assert sorted([*train.indices, *held.indices]) == list(range(12))


def test_labels_beside_the_inputs():
    y = torch.tensor([[0], [0], [1], [1]])
    (_, train), (_, held) = lampas.stratified_split((torch.rand(4, 2), y), 0.5)
    assert sorted(train.flatten().tolist()) == sorted(held.flatten().tolist()) == [0, 1]


class Stream(IterableDataset):
    def __iter__(self):
        return iter([])


@pytest.mark.parametrize(
    ("act", "line"),
    [
        (lambda: lampas.split([1, 2], 1.5),
         "share=1.5: a share of the samples between 0 and 1 is needed"),
        (lambda: lampas.split([1, 2], 0.1), "share=0.1 of 2 samples leaves none on one side"),
        (lambda: lampas.split([1, 2], 0.5, seed=-1),
         "seed is -1: it must be from 0 to 4294967295"),
        (lambda: lampas.split(3), "data holds a int: pass arrays, tensors, pandas objects, lists, "
                                  "tuples or dicts of these, or a Dataset"),
        (lambda: lampas.split(torch.tensor(3)),
         "data holds a single number: it needs a first dimension of samples"),
        (lambda: lampas.split({}), "data holds no samples"),
        (lambda: lampas.split((torch.zeros(3), [1, 2])),
         "data[0] has 3 samples but data[1] has 2: they must be of one length"),
        (lambda: lampas.split(DataLoader([1, 2])),
         "data is a DataLoader, which has batches: split its dataset"),
        (lambda: lampas.split(Stream()), "data is a Stream, which can only be read from its "
                                         "start: split what it reads from"),
        (lambda: lampas.split(iter([1])), "data is a list_iterator, which can only be read from "
                                          "its start: split what it reads from"),
        (lambda: lampas.split(Unsized()), "the dataset Unsized has no length: write its __len__"),
        (lambda: lampas.stratified_split(torch.zeros(4)),
         "the labels are not to be found in a Tensor: pass them, labels=..., one for each sample"),
        (lambda: lampas.stratified_split(FRAME, labels="sort"),
         "labels='sort' is not among the columns x, kind, who"),
        (lambda: lampas.stratified_split([1, 2], labels="sort"),
         "labels='sort' names a column, and a list has none: pass the values"),
        (lambda: lampas.stratified_split([1, 2], labels=[1]), "labels has 1 values for 2 samples"),
        (lambda: lampas.stratified_split([1, 2], labels=np.eye(2)),
         "labels has shape (2, 2): pass one value for each sample, (N,)"),
        (lambda: lampas.stratified_split([1, 2], labels=["a", None]),
         "labels has no value at row 1: fill it, or drop the row"),
        (lambda: lampas.stratified_split([1, 2, 3], labels=[0.1, 0.2, 0.3]),
         "the 3 labels are all different: they are no classes; use lampas.split, or pass classes "
         "such as pandas.qcut(labels, 5).codes"),
        (lambda: lampas.group_split([1, 2], 0.5, [7, 7]),
         "groups has 1 group: at least two are needed"),
        (lambda: lampas.time_split([1, 2], 0.5, time=["1/2/2024", "3/1/2024"]),
         "time holds text, which sorts otherwise: pass pandas.to_datetime(time)"),
        (lambda: lampas.time_split([1, 2], 0.5, time=[DAYS[0], DAYS[1].tz_localize("UTC")]),
         "time holds what has no order: Cannot compare tz-naive and tz-aware timestamps"),
        (lambda: lampas.time_split([1, 2], 0.5, time=[3, 3]),
         "time has one moment: at least two are needed"),
    ],
)  # fmt: skip
def test_bad_input(act, line):
    with pytest.raises(LampasError) as caught:
        act()
    assert str(caught.value) == line
