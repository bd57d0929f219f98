import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

import lampas
from lampas.errors import ArtifactError, InputError
from lampas.export.weights_file import compare, weights_of

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool]


@given(st.sampled_from(DTYPES), st.lists(st.integers(0, 3), max_size=3))
def test_any_shape_and_dtype_comes_back_bit_for_bit(tmp_path_factory, dtype, shape):
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    net = nn.Module()
    net.register_buffer("a", torch.randint(0, 2, shape).to(dtype))
    net.register_buffer("nan", torch.tensor(torch.nan))
    lampas.Model(net).export(path)
    found = load_file(path)
    assert torch.equal(found["a"], net.a)
    assert found["a"].dtype == dtype


def test_shells_leave_no_trace_in_the_names(tmp_path):
    lampas.Model(nn.DataParallel(nn.Linear(2, 1))).export(tmp_path / "w.safetensors")
    with safe_open(tmp_path / "w.safetensors", "pt") as file:
        assert sorted(file.keys()) == ["bias", "weight"]
        assert "lampas" not in file.metadata()  # it is no run


def test_views_and_slices_are_whole_tensors(tmp_path):
    net = nn.Module()
    net.register_buffer("turned", torch.arange(6.0).reshape(2, 3).T)
    lampas.Model(net).export(tmp_path / "w.safetensors")
    assert torch.equal(load_file(tmp_path / "w.safetensors")["turned"], net.turned)


class Extra(nn.Module):
    def get_extra_state(self):
        return {"n": 1}


@pytest.mark.parametrize(
    ("net", "line"),
    [
        (Extra(), "_extra_state is a dict: a .safetensors file holds dense tensors alone"),
        (nn.LazyLinear(2), "weight is not made yet: call the net once: a .safetensors file holds "
         "dense tensors alone"),
    ],
)  # fmt: skip
def test_what_the_format_cannot_hold(net, line, tmp_path):
    with pytest.raises(InputError) as caught:
        lampas.Model(net).export(tmp_path / "w.safetensors")
    assert str(caught.value) == line
    assert list(tmp_path.iterdir()) == []


def test_a_bit_that_differs_is_found(tmp_path):
    net = nn.Linear(2, 1)
    lampas.Model(net).export(tmp_path / "w.safetensors")
    with torch.no_grad():
        net.bias += 1e-6
    with pytest.raises(ArtifactError, match=r"^bias in the file is not what it is in the net$"):
        compare(str(tmp_path / "w.safetensors"), weights_of(net))
