"""Random states, taken and put back; the generators that objects keep."""

import random
from typing import Any

import numpy as np
import pytest
import torch

from lampas import randomness
from lampas.tree import pack, unpack


def _drawn() -> list[Any]:
    return [torch.rand(3).tolist(), random.random(), random.gauss(0, 1), np.random.rand(2).tolist()]


def test_what_is_taken_is_plain_and_brings_every_draw_back() -> None:
    random.gauss(0, 1)  # leaves the second of a pair behind
    np.random.standard_normal()
    taken = randomness.take()
    tree, tensors = pack(taken)
    first = _drawn()
    assert _drawn() != first
    randomness.put(unpack(tree, tensors))
    assert _drawn() == first


GENERATORS = [
    torch.Generator().manual_seed(1),
    np.random.default_rng(2),
    np.random.Generator(np.random.SFC64(3)),
    np.random.RandomState(4),
    random.Random(5),
]


def _draw(generator: Any) -> Any:
    if isinstance(generator, torch.Generator):
        return torch.rand(2, generator=generator).tolist()
    return [generator.random() for _ in range(3)]


@pytest.mark.parametrize("generator", GENERATORS, ids=lambda one: type(one).__module__[-9:])
def test_the_state_of_each_kind_of_generator(generator: Any) -> None:
    tree, tensors = pack(randomness.state_of(generator))
    first = _draw(generator)
    randomness.put_back(generator, unpack(tree, tensors))
    assert _draw(generator) == first


def test_seeds_start_everything_anew_and_apart() -> None:
    own = {str(index): one for index, one in enumerate(GENERATORS)}
    seen = []
    for numbers in ((1, 2), (1, 2), (1, 3)):
        randomness.seed_all(numbers, own)
        seen.append([_drawn(), [_draw(one) for one in GENERATORS]])
    assert seen[0] == seen[1]
    assert all(a != b for a, b in zip(seen[0][1], seen[2][1], strict=True))
    assert all(a != b for a, b in zip(seen[0][0], seen[2][0], strict=True))


class _Holder:
    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)


def test_generators_are_found_where_objects_keep_them() -> None:
    shared = np.random.default_rng(0)
    thing = _Holder(
        rng=shared,
        steps=[_Holder(own=random.Random(1)), "text", 3],
        named={"a": torch.Generator(), "again": shared},
        module=torch.nn.Dropout(0.5),
        data=np.zeros(3),
        everyone=torch.default_generator,
    )
    thing.me = thing
    found = randomness.found_in(thing, "data")
    assert list(found) == ["data.rng", "data.steps[0].own", "data.named['a']"]
    assert randomness.found_in([torch.Generator()] * 201, "x") == {}  # too many to look through
    assert randomness.found_in(None, "x") == {}
