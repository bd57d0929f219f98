"""Outputs of batches as one, written where they shall lie."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import lampas
from lampas.data import gather
from lampas.data.feed import make_source
from lampas.data.gather import gathered, rows_to_come
from lampas.data.nest import concatenate, leaves
from lampas.errors import InputError, ShapeError
from lampas.room import peak_of

CPU = torch.device("cpu")


@pytest.fixture
def _all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "_SMALL", 0)


def _parts(sizes: list[int], width: int = 2) -> list[Any]:
    made = [torch.arange(size * width).reshape(size, width).float() for size in sizes]
    return [{"a": one, "b": (one[:, 0].long(), None)} for one in made]


@pytest.mark.usefixtures("_all_large")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(-3, 3) | st.none())
def test_it_is_what_joining_gives_whatever_was_told_of_rows(
    sizes: list[int], off: int | None
) -> None:
    parts = _parts(sizes)
    rows = None if off is None else max(0, sum(sizes) + off)
    found, wanted = gathered(iter(parts), lambda: rows), concatenate(parts)
    for one, other in zip(leaves(found), leaves(wanted), strict=True):
        assert one is other is None or (torch.equal(one, other) and one.dtype == other.dtype)
        if isinstance(one, Tensor) and len(sizes) > 1:
            assert one.untyped_storage().nbytes() == one.nbytes  # a file of it is no larger


@pytest.mark.usefixtures("_all_large")
@pytest.mark.parametrize(
    "odd", [torch.zeros(2, 3), torch.zeros(()), (torch.zeros(2, 2),) * 2, None, 3.0]
)
def test_what_does_not_fit_is_refused_as_ever(odd: Any) -> None:
    parts = [torch.zeros(2, 2), odd, torch.zeros(2, 2)]
    with pytest.raises(Exception) as wanted:  # noqa: PT011  # the same, whatever it is
        concatenate(parts)
    with pytest.raises(type(wanted.value)) as found:
        gathered(iter(parts), lambda: 6)
    assert str(found.value) == str(wanted.value) or not isinstance(wanted.value, ShapeError)


@pytest.mark.usefixtures("_all_large")
def test_another_dtype_is_joined_as_ever() -> None:
    parts = [torch.zeros(2, 2), torch.ones(2, 2, dtype=torch.float64)]
    assert gathered(iter(parts), lambda: 4).dtype == torch.float64


def test_nothing_is_refused_and_one_part_is_itself() -> None:
    with pytest.raises(InputError, match=r"^x holds no batch to predict$"):
        gathered([], lambda: 0)
    one = torch.zeros(3, 1)
    assert gathered([one], lambda: 3) is one


def test_large_outputs_are_held_once() -> None:
    rows, width = 64, 1 << 16

    def parts() -> Iterator[Tensor]:
        for _ in range(rows // 4):
            yield torch.ones(4, width)

    size = rows * width * 4
    taken = peak_of(lambda: gathered(parts(), lambda: rows), CPU)
    assert taken < 1.6 * size  # the first 4 MB wait in parts
    assert peak_of(lambda: concatenate(list(parts())), CPU) == 2 * size


class Rows(Dataset[Any]):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Tensor:
        return torch.ones(2) * index


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Tensor]:
        return iter(torch.ones(10, 2))


@pytest.mark.parametrize(
    ("x", "rows"),
    [
        (torch.ones(10, 2), 10),
        (Rows(), 10),
        (TensorDataset(torch.ones(10, 2)), 10),
        (DataLoader(Rows(), 4), 10),
        (DataLoader(Rows(), 4, drop_last=True), 8),
        (DataLoader(Rows(), batch_sampler=[[0, 1, 2], [3]]), None),
        (DataLoader(Rows(), 4, sampler=[0, 1, 2]), 3),
        (Stream(), None),
        (DataLoader(Stream(), 4), None),
        ([(torch.ones(4, 2),), (torch.ones(6, 2),)], None),
    ],
)
@pytest.mark.parametrize("steps", [None, 1])
@pytest.mark.usefixtures("_all_large")
def test_the_rows_to_come_are_those_that_come(x: Any, rows: int | None, steps: int | None) -> None:
    source = make_source(x, None, None, CPU, torch.float32)
    told = rows_to_come(source, 4, steps)
    model = lampas.Model(nn.Identity())
    found = len(model.predict(x, batch_size=4, steps=steps))
    assert (told is None) == (rows is None)
    assert told is None or told == found
    assert rows is None or steps is not None or rows == found
