"""What a dataset draws belongs to the batch; what training draws is left alone."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from forced import Drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas import seed
from lampas.data.reading import DrawsLateError, Reading


def _drawn() -> list[float]:
    return [torch.rand(()).item(), random.random(), np.random.rand(), np.random.randn()]


@pytest.mark.parametrize("which", ["torch python numpy", "torch", "python", "numpy", ""])
def test_a_batch_is_the_same_whatever_was_drawn_and_read_before(which: str) -> None:
    place = (5, 3, [4, 1, 7])
    seed(0)
    wanted = Reading(Drawn(which=which)).read(place)
    seed(1)
    reading = Reading(Drawn(which=which))
    for number in (9, 3):
        reading.read((5, number, [2, 2]))
        _drawn()
    found = reading.read(place)
    assert [one.tolist() for one in found] == [one.tolist() for one in wanted]
    other = reading.read((6, 3, [4, 1, 7]))
    assert (other[0].tolist() == found[0].tolist()) == (which == "")


@pytest.mark.parametrize("which", ["torch python numpy", "numpy", ""])
def test_training_draws_as_if_nothing_were_read(which: str) -> None:
    seed(2)
    wanted = [_drawn() for _ in range(4)]
    seed(2)
    reading = Reading(Drawn(which=which))
    found = []
    for number in range(4):
        reading.read((0, number, [1, 2]))
        found.append(_drawn())
    assert found == wanted


class Sometimes(Drawn):
    """Draws for some of its rows alone."""

    def __init__(self, drawing: set[int]) -> None:
        super().__init__()
        self.drawing = drawing
        self.read: list[int] = []

    def __getitem__(self, index: int) -> Any:
        self.read.append(index)
        if index not in self.drawing:
            return torch.tensor(float(index))
        return torch.tensor([random.random, np.random.randn][index % 2]()).float()


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 9)), st.permutations(range(10)), st.integers(0, 9))
def test_what_draws_now_and_then_is_found_whenever_that_is(
    drawing: set[int], order: list[int], begin: int
) -> None:
    """Among the first batches; whoever begins later reads the same."""

    def batches(first: int) -> list[list[float]]:
        reading = Reading(Sometimes(drawing))
        found = []
        for number in range(first, 10):
            found.append(reading.read((7, number, [order[number]])).tolist())
            _drawn()  # leaves a normal number for later
        return found

    seed(3)
    wanted = batches(0)
    seed(4)
    assert batches(begin) == wanted[begin:]
    seed(5)
    wanted_next = _drawn()
    seed(5)
    reading = Reading(Sometimes(drawing))
    for number in range(10):
        reading.read((7, number, [order[number]]))
    assert _drawn() == wanted_next


def test_a_batch_is_read_twice_only_where_a_later_one_draws_first() -> None:
    data = Sometimes({4})
    reading = Reading(data)
    for number, index in enumerate([0, 4, 4]):
        reading.read((0, number, [index]))
    assert data.read == [0, 4, 4, 4]
    data = Sometimes({0, 4})
    reading = Reading(data)
    for number, index in enumerate([0, 4, 4]):
        reading.read((0, number, [index]))
    assert data.read == [0, 4, 4]


def test_what_draws_late_is_left_as_it_is_and_not_read_elsewhere() -> None:
    reading = Reading(Sometimes({4}))
    for number in range(16):
        assert not reading.knows
        reading.read((0, number, [1]))
    assert reading.knows
    assert reading.read_elsewhere((0, 16, [1])).tolist() == [1.0]
    seed(8)
    wanted = random.random(), _drawn()
    seed(8)
    with pytest.raises(DrawsLateError, match=r"^the dataset draws random numbers now and then$"):
        reading.read_elsewhere((0, 17, [4]))
    assert reading.read((0, 17, [4])).item() == np.float32(wanted[0])
    assert _drawn() == wanted[1]


def test_what_is_known_goes_on_in_another_process() -> None:
    reading = Reading(Drawn(which="torch"))
    reading.read((0, 0, [1]))
    state = reading.state_dict()
    assert state == {"looked": 1, "drawn_from": ["torch"]}
    other = Reading(Drawn(which="torch"))
    other.load_state_dict(state)
    wanted, found = (one.read_elsewhere((0, 1, [1])) for one in (reading, other))
    assert wanted[0].equal(found[0])


def test_an_error_leaves_the_states_alone() -> None:
    class Fails(Drawn):
        def __getitem__(self, index: int) -> Any:
            super().__getitem__(index)
            raise OSError("gone")

    seed(6)
    wanted = _drawn()
    seed(6)
    with pytest.raises(OSError, match="gone"):
        Reading(Fails()).read((0, 0, [1]))
    assert _drawn() == wanted


def test_datasets_that_read_several_at_once() -> None:
    class Rows(Drawn):
        def __getitems__(self, indices: list[int]) -> Any:
            return [torch.tensor([float(one)]) for one in indices]

    assert Reading(Rows()).read((0, 0, [3, 1])).tolist() == [[3.0], [1.0]]


def test_a_generator_of_its_own_goes_on_and_nothing_is_read_twice() -> None:
    class Own(Sometimes):
        def __init__(self) -> None:
            super().__init__({4})
            self.own = np.random.default_rng(0)

        def __getitem__(self, index: int) -> Any:
            return super().__getitem__(index) + self.own.random()

    data = Own()
    reading = Reading(data)
    for number, index in enumerate([0, 4, 4, 0]):
        reading.read((0, number, [index]))
    assert data.read == [0, 4, 4, 0]
    wanted = np.random.default_rng(0)
    wanted.random(4)
    assert data.own.random() == wanted.random()


def test_another_bit_generator_of_numpys_is_left_alone() -> None:
    kept = np.random.get_bit_generator()  # type: ignore[attr-defined]
    np.random.set_bit_generator(np.random.PCG64(1))  # type: ignore[attr-defined]
    try:
        reading = Reading(Drawn(which="torch"))
        found = [reading.read((1, 1, [1])) for _ in range(2)]
    finally:
        np.random.set_bit_generator(kept)  # type: ignore[attr-defined]
    assert found[0][0].equal(found[1][0])
