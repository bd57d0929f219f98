"""The balanced sampler: each class equally often, in loaders that the engine knows."""

from collections import Counter
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lampas
from lampas.data.loader import TensorLoaderFeed, stacks_rows_only
from lampas.errors import LampasError


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=40),
    st.none() | st.integers(1, 100),
    st.integers(0, 99),
)
def test_classes_come_equally_often_and_samples_in_turn(labels, number, seed):
    def drawn() -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        return list(lampas.BalancedSampler(labels, number, generator))

    found = drawn()
    assert found == drawn()
    assert len(found) == (number or len(labels))
    classes = Counter(labels[i] for i in found)
    assert max(classes.values()) - min(classes.get(name, 0) for name in set(labels)) <= 1
    turns = Counter(found)
    for name in set(labels):
        mine = [turns[i] for i, label in enumerate(labels) if label == name]
        assert max(mine) - min(mine) <= 1


def test_torch_s_random_state_decides_where_no_generator_is_given() -> None:
    sampler = lampas.BalancedSampler(torch.tensor([0, 0, 0, 1]))
    torch.manual_seed(1)
    first, second = list(sampler), list(sampler)
    torch.manual_seed(1)
    assert (list(sampler), list(sampler)) == (first, second)
    assert first != second or list(sampler) != first


@pytest.mark.parametrize("workers", [0, 2])
def test_it_works_in_a_loader(workers: int) -> None:
    x = torch.randn(200, 2)
    y = (torch.arange(200) < 20).float()[:, None]
    x[:20] += 2
    sampler: Any = lampas.BalancedSampler(y, generator=torch.Generator().manual_seed(0))
    loader: Any = DataLoader(
        TensorDataset(x, y), 50, sampler=sampler, num_workers=workers,
        multiprocessing_context="fork" if workers else None,
    )  # fmt: skip
    assert stacks_rows_only(loader) is (workers == 0)
    seen = []
    model = lampas.Model(nn.Linear(2, 1))
    model.compile("adam", "bce_logits", metrics={"rate": lambda p, t: seen.append(t) or t.mean()})
    model.fit(loader, epochs=1, verbose=0)
    assert seen[0].mean().item() == 0.5


def test_the_engine_s_batches_are_the_loader_s() -> None:
    x = torch.arange(30.0)
    sampler: Any = lampas.BalancedSampler(x > 24)
    loader: Any = DataLoader(TensorDataset(x), 7, sampler=sampler)
    torch.manual_seed(2)
    expected = [rows.tolist() for (rows,) in loader]
    torch.manual_seed(2)
    assert [b.x.tolist() for b in TensorLoaderFeed(loader, torch.device("cpu"))] == expected


@pytest.mark.parametrize(
    ("labels", "number", "line"),
    [
        ([], None, "labels is empty: there is nothing to draw"),
        (3, None, "labels has shape (): pass one value for each sample, (N,)"),
        (torch.eye(3), None, "labels has shape (3, 3): pass one value for each sample, (N,)"),
        ([1.0, float("nan")], None, "labels has no value at row 1: fill it, or drop the row"),
        (
            [1.0, 7.25],
            None,
            "labels has 7.25 at row 1: classes are text or whole numbers; for amounts draw by "
            "parts of their range, such as pandas.qcut(labels, 5)",
        ),
        (
            torch.arange(21.0),
            None,
            "labels has 21 different values for 21 samples: these are no classes; pass the column "
            "of classes",
        ),
        ([1, 2], 0, "num_samples is 0: it must be a whole number, 1 or more"),
    ],
)
def test_bad_input(labels: Any, number: Any, line: str) -> None:
    with pytest.raises(LampasError) as caught:
        lampas.BalancedSampler(labels, number)
    assert str(caught.value) == line
