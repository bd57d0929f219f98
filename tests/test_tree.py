import json
import math
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.errors import ArtifactError, InputError
from lampas.tensorfile import DTYPES
from lampas.tree import pack, unpack

TENSOR_DTYPES = [*DTYPES.values(), torch.complex128]
ARRAY_DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


def same(a: Any, b: Any) -> bool:
    """Equal in type, order and every bit; nan equals nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        alike = a.dtype == b.dtype and a.shape == b.shape
        return alike and bits(a) == bits(b)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return same(list(a), list(b)) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and type(a) is not torch.Size:
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float | np.floating) and math.isnan(a):
        return math.isnan(b)
    return bool(a == b) and repr(a) == repr(b)  # repr tells -0.0 from 0.0


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def round_trip(value: Any) -> Any:
    """Through real JSON text, as in a file."""
    packed, tensors = pack(value)
    return unpack(json.loads(json.dumps(packed, allow_nan=False)), tensors)


@st.composite
def some_tensors(draw: st.DrawFn) -> torch.Tensor:
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    dtype = draw(st.sampled_from(TENSOR_DTYPES))
    count = math.prod(shape) * dtype.itemsize
    raw = draw(st.binary(min_size=count, max_size=count))
    if dtype == torch.bool:
        raw = bytes(byte & 1 for byte in raw)
    flat = torch.tensor(list(raw), dtype=torch.uint8)
    return flat.view(dtype).reshape(shape)


@st.composite
def some_arrays(draw: st.DrawFn) -> np.ndarray:
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=3)))
    dtype = np.dtype(draw(st.sampled_from(ARRAY_DTYPES)))
    count = math.prod(shape) * dtype.itemsize
    raw = draw(st.binary(min_size=count, max_size=count))
    raw = bytes(byte & 1 for byte in raw) if dtype == np.bool_ else raw
    return np.frombuffer(raw, dtype=dtype).reshape(shape)  # read-only, as some arrays are


small = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**80), 2**80),
    st.floats(),
    st.text(),
    st.sampled_from(["$tensor", "$", "\ud800", "__metadata__"]),
    st.sampled_from([torch.float32, torch.bfloat16, torch.Size([2, 3]), torch.device("cuda:1")]),
    st.floats(width=32).map(np.float32),
    st.integers(0, 255).map(np.uint8),
    st.sampled_from([np.bool_(True), np.int64(-5), np.float64("nan"), np.float16(0.1)]),
)
keys = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.tuples(st.integers()))
trees = st.recursive(
    small | some_tensors() | some_arrays(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text() | st.just("$tensor"), inner, max_size=4),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=12,
)


@given(trees)
@settings(max_examples=150, deadline=None)
def test_unpacking_gives_back_what_was_packed(value: Any) -> None:
    assert same(round_trip(value), value)


@pytest.mark.parametrize("dtype", TENSOR_DTYPES, ids=str)
def test_every_dtype_keeps_its_bits(dtype: torch.dtype) -> None:
    raw = torch.arange(0, 6 * dtype.itemsize, dtype=torch.uint8) % (
        2 if dtype == torch.bool else 251
    )
    tensor = raw.view(dtype).reshape(2, 3)
    assert same(round_trip({"a": tensor})["a"], tensor)


def test_names_are_paths_and_never_meet() -> None:
    one = {"a": {"b": torch.zeros(1)}, "a/b": torch.ones(1), 0: torch.ones(2), "0": torch.ones(3)}
    _, tensors = pack(one)
    assert list(tensors) == ["a/b", "a/b#2", "0", "0#2"]
    assert same(round_trip(one), one)


def test_a_tensor_alone_and_one_named_like_the_metadata() -> None:
    assert list(pack(torch.ones(1))[1]) == ["value"]
    assert list(pack({"__metadata__": torch.ones(1)})[1]) == ["__metadata__#2"]


def test_tied_tensors_are_kept_once_and_stay_tied() -> None:
    weight = torch.randn(3, 2)
    value = {"a": weight, "b": weight.detach(), "turned": weight.T, "part": weight[:1]}
    _, tensors = pack(value)
    assert list(tensors) == ["a", "turned", "part"]
    back = round_trip(value)
    assert back["a"] is back["b"]
    assert same(back, value)


def test_views_that_only_overlap_stay_apart() -> None:
    whole = torch.arange(6.0)
    back = round_trip([whole[:4], whole[2:], whole[::2], whole[0].expand(3)])
    assert [part.tolist() for part in back] == [[0, 1, 2, 3], [2, 3, 4, 5], [0, 2, 4], [0, 0, 0]]


def test_conjugated_and_negated_views_are_resolved() -> None:
    value = torch.tensor([1 + 2j, 3 - 4j])
    assert torch.equal(round_trip(value.conj()), value.conj().resolve_conj())
    assert torch.equal(round_trip(value.conj().imag), torch.tensor([-2.0, 4.0]))


def test_arrays_of_other_byte_order_and_strides_are_equal() -> None:
    for array in (np.arange(6, dtype=">f4")[::-2], np.asfortranarray(np.eye(3)), np.array(2.5)):
        back = round_trip(array)
        assert back.shape == array.shape
        assert np.array_equal(back, array)


def test_subclasses_that_mean_nothing_more_are_plain() -> None:
    value = {"a": OrderedDict(x=1), "b": torch.nn.Parameter(torch.ones(2)), "c": np.str_("text")}
    back = round_trip(value)
    assert [type(item) for item in back.values()] == [dict, torch.Tensor, str]
    assert not back["b"].requires_grad


@pytest.mark.parametrize("name", ["Adam", "SGD", "LBFGS", "Adafactor"])
def test_the_state_of_an_optimizer(name: str) -> None:
    net = torch.nn.Linear(3, 2)
    optimizer = getattr(torch.optim, name)(net.parameters(), lr=0.1)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = net(torch.ones(4, 3)).square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    state = optimizer.state_dict()
    back = round_trip(state)
    assert same(back, state)
    optimizer.load_state_dict(back)


Point = namedtuple("Point", "x y")
deep: list[Any] = []
for _ in range(150):
    deep = [deep]
loop: dict[str, Any] = {}
loop["self"] = loop


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"optimizers": [{"lr": lambda: 1}]},
            "cannot save optimizers/0/lr: it is a function, and a saved file holds numbers, text, "
            "tensors, and lists, tuples and dicts of them",
        ),
        (
            (1, Point(1, 2)),
            "cannot save 1: it is a Point, and a saved file holds numbers, text, tensors, and "
            "lists, tuples and dicts of them",
        ),
        (
            {"a": {frozenset(): 1}},
            "cannot save a/key: it is a frozenset, and a saved file holds numbers, text, tensors, "
            "and lists, tuples and dicts of them",
        ),
        (
            {"names": np.array(["a"])},
            "cannot save names: it is a NumPy array of <U1, and only numbers can be saved: "
            "try .tolist()",
        ),
        (
            {"w": torch.eye(2).to_sparse()},
            "cannot save w: it is sparse, nested or quantised, and only dense tensors can be saved",
        ),
        (
            {"w": torch.ones(2, device="meta")},
            "cannot save w: it is on the meta device and has no values",
        ),
        (
            {"w": torch.nn.LazyLinear(2).weight},
            "cannot save w: its layer is lazy and has no weights yet: run one batch through the "
            "net first",
        ),
        (
            {"w": torch.empty(2, dtype=torch.bits8)},
            "cannot save w: its dtype torch.bits8 has no place in a safetensors file",
        ),
        ({"a": deep}, "cannot save a/0/0/…: it is nested over 100 levels deep"),
        (loop, "cannot save self/self/self/…: it is nested over 100 levels deep"),
    ],
)
def test_what_cannot_be_saved_is_named_by_its_path(value: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        pack(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        ({"$tensor": "b"}, "a saved value cannot be read: $tensor of 'b'"),
        ({"$pickle": "gASV"}, "a saved value cannot be read: $pickle of 'gASV'"),
        ({"$tuple": 3}, "a saved value cannot be read: $tuple of 3"),
        ({"$dict": [[[], 1]]}, "a saved value cannot be read: $dict of [[[], 1]]"),
        ({"$dict": [[1, 2, 3]]}, "a saved value cannot be read: $dict of [[1, 2, 3]]"),
        ({"$float": "1e5"}, "a saved value cannot be read: $float of '1e5'"),
        ({"$int": 3}, "a saved value cannot be read: $int of 3"),
        ({"$scalar": ["object", 1]}, "a saved value cannot be read: $scalar of ['object', 1]"),
        ({"$scalar": ["int8", 300]}, "a saved value cannot be read: $scalar of ['int8', 300]"),
        ({"$complex": "a"}, "a saved value cannot be read: $complex of 'a'"),
        ({"$array": "half"}, "a saved value cannot be read: $array of 'half'"),
        ({"$dtype": "load"}, "a saved value cannot be read: $dtype of 'load'"),
        ({"$size": "ab"}, "a saved value cannot be read: $size of 'ab'"),
        ({"$device": "moon"}, "a saved value cannot be read: $device of 'moon'"),
        ({"$tuple": [], "b": 1}, "a saved value cannot be read: $tuple of []"),
        (deep, "a saved value is nested over 100 levels deep"),
    ],
)
def test_what_pack_never_gives_is_refused(packed: Any, message: str) -> None:
    tensors = {"a": torch.ones(3), "half": torch.ones(1, dtype=torch.bfloat16)}
    with pytest.raises(ArtifactError) as caught:
        unpack(packed, tensors)
    assert str(caught.value) == message
