import io
import json

import numpy as np
import pytest
import torch

import lampas
from lampas.export.program_file import ABOUT


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (30, 10, 8, 3)).astype("uint8")


@pytest.mark.parametrize("kind", ["classes", "amounts"])
def test_a_program_predicts_from_pixels(kind, images, tmp_path):
    amounts = 1e4 + images.mean((1, 2, 3))
    y = amounts if kind == "amounts" else np.where(amounts > np.median(amounts), "light", "dark")
    model = lampas.images((images, y), epochs=1, verbose=0)
    made = model.export(tmp_path / "m.pt2")
    assert str(made.inputs[0]) == "images (batch, 3, 10, 8) uint8"
    more = {ABOUT: ""}
    whole = io.BytesIO((tmp_path / "m.pt2").read_bytes())
    net = torch.export.load(whole, extra_files=more).module()
    said = net(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    shown = model.predict(images).iloc[:, int(kind == "classes") :]
    wanted = torch.tensor(shown.to_numpy(dtype=np.float32))
    torch.testing.assert_close(said, wanted, rtol=1e-5, atol=1e-5)
    assert json.loads(more[ABOUT])["images"]["size"] == [10, 8]


def test_onnx_predicts_from_pixels(images, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    model = lampas.images((images, np.array(["a", "b", "c"] * 10)), epochs=1, verbose=0)
    model.export(tmp_path / "m.onnx")
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    (said,) = session.run(None, {"images": images.transpose(0, 3, 1, 2).copy()})
    wanted = model.predict(images).iloc[:, 1:].to_numpy()
    np.testing.assert_allclose(said, wanted, rtol=1e-4, atol=1e-6)
