from typing import NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lampas.data.nest import concatenate, leaves, map_leaves, named_leaves, rebuild
from lampas.errors import ShapeError

NESTS = st.recursive(
    st.integers(),
    lambda part: (
        st.lists(part, max_size=3).map(tuple)
        | st.dictionaries(st.text("abc", max_size=2), part, max_size=3)
    ),
    max_leaves=8,
)


class Point(NamedTuple):
    a: object
    b: object


@given(nest=NESTS)
def test_rebuilding_with_its_own_leaves_changes_nothing(nest: object) -> None:
    assert rebuild(nest, leaves(nest)) == nest
    assert map_leaves(lambda leaf: leaf, nest) == nest
    assert [leaf for _, leaf in named_leaves(nest, "x")] == leaves(nest)


@given(nest=NESTS)
def test_mapping_acts_on_each_leaf(nest: object) -> None:
    assert leaves(map_leaves(lambda leaf: (leaf * 2,), nest)) == [n * 2 for n in leaves(nest)]


def test_lists_become_tuples_and_named_tuples_stay() -> None:
    assert map_leaves(str, [1, [2]]) == ("1", ("2",))
    mapped = map_leaves(lambda n: n + 1, Point(1, {"k": 2}))
    assert isinstance(mapped, Point)
    assert mapped == Point(2, {"k": 3})


def test_names_are_as_one_writes_them() -> None:
    names = [name for name, _ in named_leaves({"a": [1, (2, {"b": 3})]}, "x")]
    assert names == ["x['a'][0]", "x['a'][1][0]", "x['a'][1][1]['b']"]


def test_joining_keeps_the_structure() -> None:
    def part(n: int) -> Point:
        return Point(torch.full((n, 2), n), {"k": (torch.arange(n), None)})

    joined = concatenate([part(2), part(3)])
    assert isinstance(joined, Point)
    assert joined.a.tolist() == [[2, 2]] * 2 + [[3, 3]] * 3
    assert joined.b["k"][0].tolist() == [0, 1, 0, 1, 2]
    assert joined.b["k"][1] is None
    alone = part(2)
    assert concatenate([alone]) is alone


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ([torch.zeros(2, 3), torch.zeros(2, 4)],
         "batches hold samples of shapes (3,) and (4,), which cannot be joined in one tensor"),
        ([torch.tensor(1.0), torch.tensor(2.0)],
         "a batch holds a 0-d tensor, which cannot be joined along the samples"),
        ([{"a": torch.zeros(1)}, {"a": "b"}],
         "a batch holds a str, which cannot be joined along the samples"),
    ],
)  # fmt: skip
def test_what_cannot_be_joined(parts: list[object], line: str) -> None:
    with pytest.raises(ShapeError) as caught:
        concatenate(parts)
    assert str(caught.value) == line
