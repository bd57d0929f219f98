import os

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import ArtifactError, InputError


def model() -> lampas.Model:
    return lampas.Model(nn.Linear(4, 2))


@pytest.mark.parametrize("name", ["m", "m.pt", "m.pth", "m.ONNXX", "m.lampas", ".onnx"])
def test_another_suffix_is_refused(name, tmp_path):
    with pytest.raises(InputError) as caught:
        model().export(tmp_path / name, torch.ones(1, 4))
    assert str(caught.value) == (
        f"{tmp_path / name}: the suffix says the format: write .onnx (ONNX), .pt2 (torch.export) "
        "or .safetensors (weights alone)"
    )


def test_capitals_are_no_matter_and_folders_are_made(tmp_path):
    path = tmp_path / "new" / "m.PT2"
    assert model().export(path, torch.ones(1, 4)).path == path
    assert os.listdir(tmp_path / "new") == ["m.PT2"]


@pytest.mark.parametrize("suffix", ["pt2", "safetensors"])
def test_a_place_that_cannot_be_written(suffix, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file is a file, not a folder$"):
        model().export(tmp_path / "file" / f"m.{suffix}", torch.ones(1, 4))


@pytest.mark.parametrize("tolerance", [-1, 1, True, "0.1", float("nan")])
def test_a_tolerance_that_is_none(tolerance, tmp_path):
    with pytest.raises(InputError) as caught:
        model().export(tmp_path / "m.pt2", torch.ones(1, 4), tolerance=tolerance)
    assert str(caught.value) == (
        f"tolerance is {tolerance!r}: it must be a number from 0 to below 1"
    )


def test_the_tolerance_decides(own, tmp_path):
    net = own(lambda layer, x: torch.cat([x, x]).mean(0) + (0.01 if x.shape[0] == 1 else 0) + 0 * x)
    x = torch.ones(1, 4)
    made = lampas.Model(net).export(tmp_path / "m.pt2", x, tolerance=0.1)
    assert 0.005 < made.difference < made.tolerance == 0.1
    with pytest.raises(ArtifactError, match=r"and 0\.001 is allowed"):
        lampas.Model(net).export(tmp_path / "n.pt2", x, tolerance=1e-3)
    exact = model().export(tmp_path / "e.pt2", x, tolerance=0)
    assert exact.difference == 0.0


def test_dimensions_of_outputs_are_named_by_what_they_follow(own, tmp_path):
    net = own(lambda layer, x: {"rows": layer(x), "twice": x.repeat(2, 1), "one": x.sum()})
    made = lampas.Model(net).export(tmp_path / "m.pt2", torch.ones(1, 4))
    assert [one.shape for one in made.outputs] == [("batch", 2), ("any", 4), ()]


def test_a_recurrent_net_of_chance_is_still_called_one(tmp_path):
    """Tracing leaves the copy's recurrent layers as they were: it is asked again afterwards."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.LSTM(4, 2, batch_first=True)

        def forward(self, x):
            return self.inner(x)[0] + torch.rand(2)

    with pytest.raises(ArtifactError, match="the net itself answers otherwise when asked again"):
        lampas.Model(Net()).export(tmp_path / "m.pt2", torch.ones(1, 3, 4))
