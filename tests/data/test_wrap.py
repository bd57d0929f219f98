from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lampas.data.batch import Batch
from lampas.data.wrap import ClassWeightFeed, HeadFeed, StepsFeed, grouped
from lampas.errors import DataError, InputError


class Feed:
    """Batches of these sizes, numbered."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes

    @property
    def batches(self) -> int | None:
        return len(self.sizes)

    def __iter__(self) -> Any:
        for number, size in enumerate(self.sizes):
            yield Batch(torch.full((size,), float(number)), None, None, size)


def _numbers(feed: Any) -> list[int]:
    return [int(batch.x[0]) for batch in feed]


def _weights(y: torch.Tensor, table: Any, weight: torch.Tensor | None = None) -> list[float]:
    (batch,) = ClassWeightFeed([Batch(y, y, weight, len(y))], table)  # pyright: ignore
    assert batch.weight is not None
    return batch.weight.tolist()


def test_class_weights_by_index_column_and_one_hot() -> None:
    y = torch.tensor([0, 2, 1, 2])
    wanted = [0.5, 1.0, 3.0, 1.0]
    table = {0: 0.5, 1: 3.0}
    assert _weights(y, table) == wanted
    assert _weights(y[:, None].float(), table) == wanted
    assert _weights(torch.nn.functional.one_hot(y).float(), table) == wanted
    assert _weights(y, table, torch.tensor([2.0, 2, 2, 0])) == [1.0, 2.0, 6.0, 0.0]


def test_class_weights_pass_over_targets_to_ignore() -> None:
    assert _weights(torch.tensor([-100, 1, -1]), {0: 5.0, 1: 3.0}) == [1.0, 3.0, 1.0]


def test_class_weights_with_numpys_numbers() -> None:
    table = dict(zip(np.unique([0, 1]), np.array([0.5, 2.0]), strict=True))
    assert _weights(torch.tensor([1, 0]), table) == [2.0, 0.5]


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"cat": 1.0}, "class_weight has the key 'cat': keys are class numbers from 0"),
        ({-1: 1.0}, "class_weight has the key -1: keys are class numbers from 0"),
        ({True: 1.0}, "class_weight has the key True: keys are class numbers from 0"),
        ({0: "1"}, "class_weight has '1' for class 0: weights are numbers, 0 or more"),
        ({0: -1.0}, "class_weight has -1.0 for class 0: weights are numbers, 0 or more"),
        ({2: float("nan")}, "class_weight has nan for class 2: weights are numbers, 0 or more"),
    ],
)
def test_class_weights_that_cannot_be_used(table: Any, line: str) -> None:
    with pytest.raises(InputError) as caught:
        ClassWeightFeed(Feed([1]), table)
    assert str(caught.value) == line


def test_class_weights_need_classes() -> None:
    line = (
        "class_weight needs targets of shape (N,), (N, 1) or, as floats, one-hot (N, C), not "
        "(2, 3, 4) of torch.float32"
    )
    with pytest.raises(DataError) as caught:
        _weights(torch.zeros(2, 3, 4), {0: 1.0})
    assert str(caught.value) == line
    with pytest.raises(InputError) as refused:
        list(ClassWeightFeed(Feed([2]), {0: 1.0}))
    line = "class_weight needs targets that are one tensor of classes"
    assert str(refused.value) == line


@given(count=st.integers(1, 7), steps=st.integers(1, 10))
def test_steps_read_on_around_the_end(count: int, steps: int) -> None:
    feed = StepsFeed(Feed([1] * count), steps)
    read = [number for _ in range(3) for number in _numbers(feed)]
    assert read == [number % count for number in range(3 * steps)]
    assert feed.batches == steps


def test_no_steps_of_nothing() -> None:
    with pytest.raises(DataError) as caught:
        list(StepsFeed(Feed([]), 2))
    assert str(caught.value) == "the data holds no batch: it is empty"


@given(count=st.integers(0, 7), steps=st.integers(1, 10))
def test_the_head_is_the_same_each_time(count: int, steps: int) -> None:
    feed = HeadFeed(Feed([1] * count), steps)
    wanted = list(range(min(count, steps)))
    assert _numbers(feed) == _numbers(feed) == wanted
    assert feed.batches == len(wanted)


@given(
    sizes=st.lists(st.integers(0, 5), max_size=9), group=st.integers(1, 4), on_device=st.booleans()
)
def test_shares_of_a_group_sum_to_one(sizes: list[int], group: int, on_device: bool) -> None:
    def count(batch: Batch) -> list[Any]:
        return [torch.tensor(float(batch.size)) if on_device else batch.size, 1]

    batches = list(grouped(Feed(sizes), group, count))
    assert len(batches) == len(sizes)
    for start in range(0, len(sizes), group):
        part = batches[start : start + group]
        assert [b.opens for b in part] == [True] + [False] * (len(part) - 1)
        assert [b.closes for b in part] == [False] * (len(part) - 1) + [True]
        total = sum(sizes[start : start + group])
        shares = [[float(s) for s in b.shares or []] for b in part]
        for (first, second), batch in zip(shares, part, strict=True):
            assert first == pytest.approx(batch.size / total if total else 0.0)
            assert second == pytest.approx(1 / len(part))


def test_class_weight_is_a_dict() -> None:
    with pytest.raises(InputError) as caught:
        ClassWeightFeed([], 3)  # type: ignore[arg-type]
    assert str(caught.value) == "class_weight is 3: pass a dict of {class number: weight}"
