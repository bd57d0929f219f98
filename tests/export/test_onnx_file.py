import json
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import lampas
from lampas.errors import ArtifactError, InputError, MissingExtraError
from lampas.export import onnx_file

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")


def test_names_opset_and_what_a_reader_needs(own, tmp_path):
    model = lampas.Model(own(lambda layer, x: {"x": layer(x), "both": x}))
    model.export(tmp_path / "m.onnx", torch.ones(1, 4))
    found = onnx.load(tmp_path / "m.onnx")
    assert [one.version for one in found.opset_import if one.domain == ""] == [onnx_file.OPSET]
    assert [one.name for one in found.graph.input] == ["x"]
    assert [one.name for one in found.graph.output] == ["x_output", "both"]
    dims = [d.dim_param for one in found.graph.output for d in one.type.tensor_type.shape.dim]
    assert dims == ["batch", "", "batch", ""]
    about = json.loads({one.key: one.value for one in found.metadata_props}[onnx_file.ABOUT])
    assert [one["name"] for one in about["outputs"]] == ["x_output", "both"]
    assert __file__.encode() not in (tmp_path / "m.onnx").read_bytes()


def test_numbers_that_onnxruntime_cannot_compute_with(tmp_path):
    net = nn.Sequential(nn.Linear(4, 2)).bfloat16()
    with pytest.raises(ArtifactError) as caught:
        lampas.Model(net).export(tmp_path / "m.onnx", torch.ones(1, 4).bfloat16())
    assert str(caught.value) == (
        "onnxruntime cannot run the file: onnxruntime has no Gemm for this net's numbers: export a "
        "float32 copy, as of copy.deepcopy(model).float()"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("library", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_library_is_answered_with_its_line(library, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError) as caught:
        lampas.Model(nn.Linear(2, 1)).export(tmp_path / "m.onnx", torch.ones(1, 2))
    assert str(caught.value) == f"export to .onnx needs {library}: pip install 'lampas[onnx]'"


def test_too_large_for_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "_LARGEST", 100)
    with pytest.raises(InputError, match=r"bytes, and one \.onnx file holds 100: export to \.pt2$"):
        lampas.Model(nn.Linear(2, 1)).export(tmp_path / "m.onnx", torch.ones(1, 2))


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=20),
    st.lists(st.integers(-60, 60), max_size=9),
)
def test_places_are_those_that_torch_finds(keys, wanted):
    rising, numbers = torch.tensor(keys).sort().values, torch.tensor(wanted, dtype=torch.int64)
    found = onnx_file._searchsorted(rising, numbers)
    assert found.tolist() == torch.searchsorted(rising, numbers).tolist()


def test_lampas_and_torchs_own_format_do_without(tmp_path):
    program = (
        "import sys, torch, lampas\n"
        "model = lampas.Model(torch.nn.Linear(2, 1))\n"
        f"model.export({str(tmp_path / 'm.pt2')!r}, torch.ones(1, 2))\n"
        "sys.exit(any(one.startswith('onnx') for one in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
