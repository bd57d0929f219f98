"""Batches through shared memory: the same values, dtypes and strides, in memory of their own."""

from collections import namedtuple
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lampas.data.slots import Slot, bytes_of

DTYPES = [
    torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.complex64, torch.bool,
    torch.uint8, torch.int16, torch.int64,
]  # fmt: skip
Pair = namedtuple("Pair", "a b")  # as datasets have them


@st.composite
def tensors(draw: Any) -> Tensor:
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    made = torch.randint(0, 2, shape).to(draw(st.sampled_from(DTYPES)))
    made = made.permute(draw(st.permutations(range(len(shape)))))
    return made[..., ::2] if shape and draw(st.booleans()) else made


BATCHES = st.recursive(
    tensors() | st.text(max_size=3) | st.none() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=6,
)


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, Tensor):
        return (
            first.dtype == second.dtype and first.stride() == second.stride()
            and first.shape == second.shape and torch.equal(first, second)
        )  # fmt: skip
    if isinstance(first, (list, tuple)):
        return type(first) is type(second) and all(map(_same, first, second))
    if isinstance(first, dict):
        return list(first) == list(second) and all(_same(first[k], second[k]) for k in first)
    return first == second


@settings(max_examples=200, deadline=None)
@given(BATCHES, st.sampled_from([0, 5000, 100_000]))
def test_what_is_loaded_is_what_was_dumped(batch: Any, room: int) -> None:
    slot = Slot(room)
    loaded = slot.load(slot.dump(batch))
    assert _same(loaded, batch)


def test_it_is_the_batchs_own_memory() -> None:
    slot = Slot(1000)
    first = slot.load(slot.dump([torch.ones(8), torch.zeros(3)]))
    slot.load(slot.dump([torch.zeros(8), torch.ones(3)]))
    assert first[0].tolist() == [1.0] * 8
    assert all(one.data_ptr() % 64 == 0 for one in first)


def test_what_fits_goes_through_memory_and_the_rest_in_the_message() -> None:
    large = torch.arange(100_000)
    assert bytes_of([large, large[:1]]) == 800_008
    assert len(Slot(900_000).dump(large)) < 500
    message = Slot(100).dump(large)
    assert len(message) > 800_000
    assert torch.equal(Slot(100).load(message), large)


@pytest.mark.parametrize(
    "odd",
    [
        torch.ones(2).requires_grad_(),
        torch.ones(1).expand(3),
        torch.eye(2).to_sparse(),
        torch.nn.Parameter(torch.ones(2)),
    ],
)
def test_odd_tensors_go_in_the_message(odd: Tensor) -> None:
    slot = Slot(1000)
    loaded = slot.load(slot.dump(odd))
    assert type(loaded) is type(odd)
    assert torch.equal(loaded.detach().to_dense(), odd.detach().to_dense())
    assert loaded.requires_grad == odd.requires_grad
