import io
import json

import torch

import lampas
from lampas.export.program_file import ABOUT


def test_what_a_reader_needs_is_beside_the_graph(own, tmp_path):
    lampas.Model(own(lambda layer, x: layer(x))).export(tmp_path / "m.pt2", torch.ones(1, 4))
    whole = (tmp_path / "m.pt2").read_bytes()
    more = {ABOUT: ""}
    torch.export.load(io.BytesIO(whole), extra_files=more)
    about = json.loads(more[ABOUT])
    assert about["format"] == 1
    assert about["inputs"] == [{"name": "x", "shape": ["batch", 4], "dtype": "float32"}]
    assert about["made_with"]["torch"] == torch.__version__
    assert __file__.encode() not in whole
