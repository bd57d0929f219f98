import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.errors import ArtifactError, InputError
from lampas.strict_json import strict_json
from lampas.tensorfile import DTYPES, read_header, read_tensors, write


def saved(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    with open(path, "wb") as file:
        write(file, {"note": "ä"}, tensors)
    return path


def loaded(path: Path) -> dict[str, torch.Tensor]:
    with open(path, "rb") as file:
        return read_tensors(file, read_header(file))


def by_hand(path: Path, header: Any, data: bytes = b"") -> Path:
    """A file with any header, and a checksum that is right."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    raw = len(text).to_bytes(8, "little") + text + data
    digest = hashlib.sha256(raw).hexdigest()
    path.write_bytes(raw.replace(b"0" * 64, digest.encode()))
    return path


def complaint(path: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        loaded(path)
    return str(caught.value)


ONE = {
    "__metadata__": {"sha256": "0" * 64},
    "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
}


def with_a(**change: Any) -> dict[str, Any]:
    return {**ONE, "a": {**ONE["a"], **change}}


SIZES = {
    "": torch.tensor(2.5, dtype=torch.float64),
    "b/ü": torch.arange(3, dtype=torch.int8),
    "none": torch.zeros(0, 4),
    "turned": torch.randn(4, 3).T,
    "wide": torch.randn(1, 2).expand(5, 2),
    "yes": torch.tensor([True, False]),
}


def test_every_tensor_comes_back(tmp_path: Path) -> None:
    back = loaded(saved(tmp_path / "a", SIZES))
    assert back.keys() == SIZES.keys()
    for name, tensor in SIZES.items():
        assert back[name].dtype == tensor.dtype
        assert torch.equal(back[name], tensor)
        assert back[name].is_contiguous()


@pytest.mark.parametrize("code", DTYPES)
def test_the_safetensors_library_reads_the_same(tmp_path: Path, code: str) -> None:
    dtype = DTYPES[code]
    raw = torch.arange(4 * dtype.itemsize, dtype=torch.uint8) % (2 if code == "BOOL" else 251)
    path = saved(tmp_path / "a", {"a": raw.view(dtype), "b": torch.ones(1)})
    with safetensors.safe_open(path, "pt") as file:
        assert file.metadata()["note"] == "ä"
        if code == "F8_E8M0":  # the library's torch side does not know it
            return
        assert torch.equal(file.get_tensor("a").view(torch.uint8), raw)
        assert torch.equal(file.get_tensor("b"), torch.ones(1))


def test_files_of_the_library_differ_only_in_the_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a"
    safetensors.torch.save_file({"a": torch.ones(2), "b": torch.zeros(3)}, path)
    with open(path, "rb") as file:
        header = read_header(file)
    assert [(entry.name, entry.shape) for entry in header.entries] == [("a", (2,)), ("b", (3,))]
    assert complaint(path).startswith("its checksum is wrong")


def test_data_lies_at_multiples_of_its_width(tmp_path: Path) -> None:
    path = saved(tmp_path / "a", SIZES)
    with open(path, "rb") as file:
        header = read_header(file)
    assert header.length % 8 == 0
    assert all(entry.begin % entry.dtype.itemsize == 0 for entry in header.entries)


def test_a_tensor_named_like_the_checksum_changes_nothing(tmp_path: Path) -> None:
    name = "0" * 64
    assert list(loaded(saved(tmp_path / "a", {name: torch.ones(1)}))) == [name]


def test_each_flipped_bit_is_found(tmp_path: Path) -> None:
    path = saved(tmp_path / "a", {"a": torch.ones(2), "b": torch.arange(3)})
    good = path.read_bytes()
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] ^= 1 << place % 8
        path.write_bytes(bad)
        assert complaint(path)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_one_error_only(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    path = tmp_path_factory.mktemp("any") / "a"
    header = data.draw(
        st.binary(max_size=40)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["__metadata__", "a", "dtype", "shape", "data_offsets", "F32"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode())
    )
    by_hand(path, header, data.draw(st.binary(max_size=20)))
    assert complaint(path)


def test_the_file_by_hand_is_read(tmp_path: Path) -> None:
    one = torch.ones(2).numpy().tobytes()
    assert torch.equal(loaded(by_hand(tmp_path / "a", ONE, one))["a"], torch.ones(2))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"", "its header is not strict JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"[1]", "its header is not a JSON object"),
        (b'{"a": NaN}', "its header is not strict JSON: NaN"),
        (b'{"a": 1, "a": 2}', "its header is not strict JSON: a key stands there twice"),
        (b"[" * 100_000, "its header is nested too deep"),
        ({"__metadata__": {"sha256": 3}}, "its header's metadata is not text"),
        ({"__metadata__": []}, "its header's metadata is not text"),
        ({"a": 1}, "its header says of tensor 'a': 1"),
        (with_a(shape=2), "its header says of tensor 'a': {'dtype': 'F32', 'shape': 2, "
         "'data_offsets': [0, 8]}"),
        (with_a(shape=[2.0]), "its header says of tensor 'a': {'dtype': 'F32', 'shape': [2.0], "
         "'data_offsets': [0, 8]}"),
        (with_a(shape=[-2]), "its header says of tensor 'a': {'dtype': 'F32', 'shape': [-2], "
         "'data_offsets': [0, 8]}"),
        (with_a(dtype="F99"), "its header says of tensor 'a': {'dtype': 'F99', 'shape': [2], "
         "'data_offsets': [0, 8]}"),
        (with_a(data_offsets=[0, True]), "its header says of tensor 'a': {'dtype': 'F32', "
         "'shape': [2], 'data_offsets': [0, True]}"),
        (with_a(shape=[3]), "its header gives tensor 'a' of shape [3] and dtype torch.float32 "
         "8 bytes"),
        (with_a(shape=[2**40, 2**40]), "its header gives tensor 'a' of shape [1099511627776, "
         "1099511627776] and dtype torch.float32 8 bytes"),
        (with_a(shape=[0, 2**40, 2**40], data_offsets=[0, 0]), "its header gives tensor 'a' of "
         "shape [0, 1099511627776, 1099511627776] and dtype torch.float32 0 bytes"),
        (with_a(shape=[1] * 100, data_offsets=[0, 4]), "its header gives tensor 'a' of shape "
         "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 and "
         "dtype torch.float32 4 bytes"),
        (with_a(data_offsets=[8, 16]), "its header puts tensor 'a' in a wrong place"),
        ({**ONE, "b": ONE["a"]}, "its header puts tensor 'b' in a wrong place"),
        (with_a(shape=[2**40], data_offsets=[0, 2**42]), "it is cut short: its tensors take "
         "4,398,046,511,104 bytes, it has 8"),
        (with_a(shape=[1], data_offsets=[0, 4]), "it has 4 bytes too many at its end"),
    ],
)  # fmt: skip
def test_a_header_that_lies(tmp_path: Path, header: Any, message: str) -> None:
    assert complaint(by_hand(tmp_path / "a", header, b"\0" * 8)) == message


@pytest.mark.parametrize("start", [b"", b"\0", b"\xff" * 8 + b"{}", b"\x09" + b"\0" * 7 + b"x}"])
def test_a_length_that_lies(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a").write_bytes(start)
    assert complaint(tmp_path / "a") == "its first bytes are not those of a safetensors file"


def test_a_file_that_ends_in_its_header(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xb8\x0b" + b"\0" * 6 + b'{"__metadata__"')
    assert complaint(tmp_path / "a") == ("it is cut short: its header takes 3,008 bytes, it has 23")


def test_a_header_beyond_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lampas.tensorfile._LONGEST_HEADER", 1000)
    with pytest.raises(InputError) as caught:
        write(io.BytesIO(), {"history": "x" * 1000}, {})
    assert str(caught.value) == (
        "the description of what to save takes 1,112 bytes, and the format allows 1,000: "
        "keep large lists of numbers as tensors or arrays"
    )


def test_strict_json_takes_no_surprise() -> None:
    assert strict_json('{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}
    with pytest.raises(ArtifactError, match="not strict JSON"):
        strict_json("9" * 5000)
    with pytest.raises(ArtifactError, match="not strict JSON"):
        strict_json(b"\xff")
