import io
import json

import numpy as np
import pytest
import tokenizers
import torch
from torch import nn

import lampas
from lampas.export.program_file import ABOUT

TEXTS = ["what a fine film it was", "a dull and silly film", "fine, very fine", "so dull", "", "x"]
LABELS = ["good", "bad", "good", "bad", "good", "bad"]


class Bag(nn.Module):
    """A net of the user's that takes ids alone."""

    def __init__(self, vocabulary, outputs):
        super().__init__()
        self.inner = nn.Embedding(vocabulary, outputs, padding_idx=0)

    def forward(self, tokens):
        return self.inner(tokens).sum(1)


def ids_by(about) -> np.ndarray:
    """As somebody does it who has the file alone."""
    found = tokenizers.Tokenizer.from_str(about["tokens"]["tokenizer"])
    each = [
        found.encode(text.split(), is_pretokenized=True, add_special_tokens=False).ids
        or [about["tokens"]["unknown"]]
        for text in TEXTS
    ]
    width = max(map(len, each))
    return np.array([one + [about["tokens"]["padding"]] * (width - len(one)) for one in each])


@pytest.mark.parametrize("net", ["conv", "transformer", Bag])
@pytest.mark.parametrize("tokenizer", ["word", "bpe"])
def test_a_program_predicts_from_ids(net, tokenizer, tmp_path):
    model = lampas.texts((TEXTS * 4, LABELS * 4), epochs=1, verbose=0, net=net, tokenizer=tokenizer)
    made = model.export(tmp_path / "m.pt2")
    assert str(made.inputs[0]) == "ids (batch, length) int64"
    more = {ABOUT: ""}
    whole = io.BytesIO((tmp_path / "m.pt2").read_bytes())
    run = torch.export.load(whole, extra_files=more).module()
    said = run(torch.from_numpy(ids_by(json.loads(more[ABOUT]))))
    wanted = torch.tensor(model.predict(TEXTS).iloc[:, 1:].to_numpy(dtype=np.float32))
    torch.testing.assert_close(said, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("net", ["conv", "transformer"])
def test_onnx_predicts_from_ids_of_any_length(net, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    model = lampas.texts((TEXTS * 4, LABELS * 4), epochs=1, verbose=0, net=net)
    model.export(tmp_path / "m.onnx")
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    ids = ids_by(json.loads(session.get_modelmeta().custom_metadata_map["lampas_export"]))
    wanted = model.predict(TEXTS).iloc[:, 1:].to_numpy()
    for padding in (0, 1, 7):
        (said,) = session.run(None, {"ids": np.pad(ids, ((0, 0), (0, padding)))})
        np.testing.assert_allclose(said, wanted, rtol=1e-4, atol=1e-6)
    for row, text in enumerate(TEXTS):  # a text of one, of two tokens
        (said,) = session.run(None, {"ids": ids[row : row + 1, : max(1, (ids[row] > 0).sum())]})
        np.testing.assert_allclose(said[0], wanted[row], rtol=1e-4, atol=1e-6, err_msg=text)
