"""`Model.export` as its users call it."""

import copy
import io
import os
import random

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import lampas
from lampas.errors import ArtifactError, InputError

pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.LSTM(4, 6, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(12, 2)

    def forward(self, series: Tensor) -> Tensor:
        return self.head(self.inner(series)[0][:, -1])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.inner = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x).mean(1)


class Two(nn.Module):
    """Ids and numbers in, a dict out."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 3)
        self.head = nn.Linear(5, 2)

    def forward(self, ids: Tensor, x: Tensor) -> dict[str, Tensor]:
        inner = torch.cat([self.embedding(ids).mean(1), x], dim=1)
        return {"score": self.head(inner), "inner": inner}


class Tied(nn.Module):
    """One weight under two names, any number of inputs, a tuple out."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight

    def forward(self, *several: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.second(self.first(x)) for x in several)


def perceptron(dtype: torch.dtype = torch.float32) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).to(dtype)


def convolution() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(), nn.Linear(4, 2),
    )  # fmt: skip


def embedded() -> nn.Module:
    return nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(12, 2))


NETS = {
    "perceptron": (perceptron, lambda: torch.randn(2, 4)),
    "convolution": (convolution, lambda: torch.randn(2, 3, 8, 8)),
    "recurrent": (Recurrent, lambda: torch.randn(2, 5, 4)),
    "encoder": (Encoder, lambda: torch.randn(2, 5, 8)),
    "two": (Two, lambda: {"ids": torch.randint(10, (2, 4)), "x": torch.randn(2, 2)}),
    "tied": (Tied, lambda: (torch.randn(2, 4), torch.randn(2, 4))),
    "embedded": (embedded, lambda: torch.randint(9, (1, 3))),
    "float64": (lambda: perceptron(torch.float64), lambda: torch.randn(2, 4).double()),
    "float16": (lambda: perceptron(torch.float16), lambda: torch.randn(2, 4).half()),
}
"""{name: (who makes the net, who makes its inputs as predict takes them)}."""


def rows(example, count):
    """The example's rows again and again."""
    if isinstance(example, torch.Tensor):
        return example[torch.arange(count) % len(example)]
    if isinstance(example, dict):
        return {name: rows(one, count) for name, one in example.items()}
    return tuple(rows(one, count) for one in example)


def flat(nest) -> list[torch.Tensor]:
    if isinstance(nest, torch.Tensor):
        return [nest]
    return [
        one for part in (nest.values() if isinstance(nest, dict) else nest) for one in flat(part)
    ]


@pytest.mark.parametrize("name", NETS)
def test_onnx_answers_as_predict_does(name, tmp_path):
    import onnxruntime

    torch.manual_seed(0)
    make, inputs = NETS[name]
    model, example = lampas.Model(make()), inputs()
    made = model.export(tmp_path / "m.onnx", example)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    assert [one.name for one in session.get_inputs()] == [one.name for one in made.inputs]
    assert [one.name for one in session.get_outputs()] == [one.name for one in made.outputs]
    assert all(one.shape[0] == "batch" for one in session.get_inputs())
    assert made.difference <= 1e-6 or name == "float16"
    for count in (1, 2, 11):
        x = rows(example, count)
        given = zip(session.get_inputs(), flat(x), strict=True)
        found = session.run(None, {one.name: part.numpy() for one, part in given})
        for said, wanted in zip(found, flat(model.predict(x)), strict=True):
            torch.testing.assert_close(
                torch.from_numpy(said), wanted, rtol=1e-2 if name == "float16" else 1e-5, atol=1e-5
            )


@pytest.mark.parametrize("name", [*NETS, "bfloat16"])
def test_a_program_of_torchs_answers_as_predict_does(name, tmp_path):
    torch.manual_seed(0)
    half = (lambda: perceptron(torch.bfloat16), lambda: torch.randn(2, 4).bfloat16())
    make, inputs = (NETS | {"bfloat16": half})[name]
    model, example = lampas.Model(make()), inputs()
    made = model.export(tmp_path / "m.pt2", example)
    assert made.size == (tmp_path / "m.pt2").stat().st_size
    net = torch.export.load(io.BytesIO((tmp_path / "m.pt2").read_bytes())).module()
    for count in (1, 2, 11):
        x = rows(example, count)
        args = x if isinstance(x, tuple) else () if isinstance(x, dict) else (x,)
        said = net(*args, **(x if isinstance(x, dict) else {}))
        for one, wanted in zip(flat(said), flat(model.predict(x)), strict=True):
            torch.testing.assert_close(one.detach(), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NETS)
def test_weights_have_the_names_of_the_net(name, tmp_path):
    net = NETS[name][0]()
    lampas.Model(net).export(tmp_path / "w.safetensors")
    found = load_file(tmp_path / "w.safetensors")
    assert found.keys() == net.state_dict().keys()
    other = NETS[name][0]()
    other.load_state_dict(found)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), other.parameters(), strict=True))


def test_names_and_shapes_are_told(tmp_path):
    example = {"ids": np.zeros((1, 4), np.int64), "x": np.zeros((1, 2))}
    made = lampas.Model(Two()).export(tmp_path / "m.pt2", example)
    assert [str(one) for one in (*made.inputs, *made.outputs)] == [
        "ids (batch, 4) int64",
        "x (batch, 2) float32",
        "score (batch, 2) float32",
        "inner (batch, 5) float32",
    ]


def test_a_subclass_is_exported_whole(tmp_path):
    class Net(lampas.Model):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 1)

        def forward(self, x):
            return self.layer(x).sigmoid()

    model = Net()
    model.compile("adam", "bce")
    model.fit(torch.rand(20, 3), torch.ones(20, 1), verbose=0)
    assert model.export(tmp_path / "m.pt2", torch.rand(1, 3)).outputs[0].name == "output"
    model.export(tmp_path / "w.safetensors")
    assert load_file(tmp_path / "w.safetensors").keys() == {"layer.weight", "layer.bias"}


def test_a_frames_columns_are_remembered(tmp_path):
    frame = pd.DataFrame(np.random.default_rng(0).random((20, 3)), columns=list("abc"))
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("sgd", "mse")
    model.fit(frame, torch.ones(20, 1), verbose=0)
    assert model.export(tmp_path / "m.pt2").inputs[0].shape == ("batch", 3)


def test_without_an_example_the_line_to_write_is_told(tmp_path):
    with pytest.raises(InputError) as caught:
        lampas.Model(nn.Linear(3, 1)).export(f"{tmp_path}/m.pt2")
    assert str(caught.value) == (
        "export needs to know what the net takes: pass a row or more of its inputs, as "
        f"model.export('{tmp_path}/m.pt2', example=x[:2])"
    )


def test_nothing_of_the_model_changes(own, tmp_path):
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    model = lampas.Model(net)
    model.compile("adam", "mse")
    model.fit(torch.rand(20, 4), torch.rand(20, 2), verbose=0)
    net[1].eval()
    net[3].weight.requires_grad_(False)
    net(torch.rand(3, 4)).sum().backward()
    before, modes = copy.deepcopy(net.state_dict()), [one.training for one in net.modules()]
    grads = [None if one.grad is None else one.grad.clone() for one in net.parameters()]
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    model.export(tmp_path / "m.pt2", torch.rand(1, 4, generator=torch.Generator()))
    with pytest.raises(ArtifactError):
        lampas.Model(own(lambda layer, x: layer(x) + torch.rand(2))).export(
            tmp_path / "no.pt2", torch.zeros(1, 4)
        )
    assert model.is_compiled
    after = net.state_dict()
    assert [one.training for one in net.modules()] == modes
    assert all(torch.equal(a, b) for a, b in zip(before.values(), after.values(), strict=True))
    for one, grad in zip(net.parameters(), grads, strict=True):
        assert one.requires_grad is (one is not net[3].weight)
        assert (one.grad is None) if grad is None else torch.equal(one.grad, grad)
    assert random.getstate() == states[1]
    assert np.random.get_state()[1].tolist() == states[2]


def test_random_numbers_go_on_as_they_would(own, tmp_path):
    before = torch.get_rng_state()
    example = torch.zeros(1, 4)
    lampas.Model(perceptron()).export(tmp_path / "m.pt2", example)
    after = torch.get_rng_state()
    assert not torch.equal(before, after)  # the weights were drawn
    lampas.Model(own(lambda layer, x: layer(x))).eval()
    torch.set_rng_state(after)
    net = own(lambda layer, x: layer(x) + torch.rand(2))
    state = torch.get_rng_state()
    with pytest.raises(ArtifactError):
        lampas.Model(net).export(tmp_path / "no.pt2", example)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("suffix", ["pt2", "onnx"])
def test_a_refusal_leaves_what_was_there(own, suffix, tmp_path):
    path = tmp_path / f"m.{suffix}"
    path.write_text("what was there")
    net = own(lambda layer, x: layer(x) * 2 if x.shape[0] == 1 else layer(x))
    with pytest.raises(ArtifactError, match="the file's output for a batch of 1 differs from the"):
        lampas.Model(net).export(path, torch.ones(1, 4))
    assert path.read_text() == "what was there"
    assert os.listdir(tmp_path) == [path.name]
