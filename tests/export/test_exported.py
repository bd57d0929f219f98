from pathlib import Path

import torch

from lampas.export.exported import Exported, Port


def test_one_line_says_it_all():
    ports = (Port.of("x", torch.ones(3, 2), {0: "batch"}),), (Port("output", ("batch",), "int64"),)
    made = Exported(Path("m.onnx"), 2048, *ports, 3e-8, 1e-4)
    assert str(made) == (
        "m.onnx: 2.0 KiB; x (batch, 2) float32 -> output (batch) int64; largest difference 3.0e-08 "
        "of 1e-04 allowed"
    )
    assert made.to_json()["inputs"] == ({"name": "x", "shape": ("batch", 2), "dtype": "float32"},)
    weights = Exported(Path("w.safetensors"), 10, (), (), 0.0, 0.0)
    assert str(weights) == "w.safetensors: 10 B; weights alone, the same bit for bit"
