"""Which modules are computed again: as they are named, or found by how a net is built."""

from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError
from lampas.recompute.blocks import blocks_of


def _names(model: nn.Module, spec: Any = True) -> list[str]:
    return [block.name for block in blocks_of(model, spec)]


def _conv(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, width, 3), nn.BatchNorm2d(width), nn.ReLU(True))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Dropout(), nn.Linear(8, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class Staged(nn.Module):
    """As a ResNet is built: a stem, stages of blocks, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 4)
        self.stage1 = nn.Sequential(Residual(), Residual())
        self.stage2 = nn.Sequential(Residual(), Residual(), Residual())
        self.head = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.stage2(self.stage1(self.stem(x))))


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Residual() for _ in range(12))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


def test_layers_that_repeat_are_found() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
    assert _names(encoder) == ["layers.0", "layers.1", "layers.2"]
    stages = ["stage1.0", "stage1.1", "stage2.0", "stage2.1", "stage2.2"]
    assert _names(Staged()) == stages
    assert _names(nn.Sequential(Staged(), nn.Flatten())) == [f"0.{name}" for name in stages]
    assert _names(nn.Sequential(_conv(3), _conv(3), nn.Flatten())) == ["0", "1"]


def test_names_in_a_wrapped_model_are_those_of_its_parameters() -> None:
    assert _names(lampas.Model(Listed()))[:2] == ["net.layers.0", "net.layers.1"]


def test_a_run_of_plain_layers_is_cut_where_weights_begin() -> None:
    cnn = nn.Sequential(*_conv(3), nn.MaxPool2d(2), *_conv(3), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 1))  # fmt: skip
    assert _names(cnn) == ["0-3", "4-8", "9-11"]
    wide = nn.Sequential(*(m for _ in range(20) for m in (nn.Linear(4, 4), nn.ReLU(True))))
    found = blocks_of(wide, True)
    assert [block.name for block in found][:2] == ["0-5", "6-11"]  # near the square root of 40
    assert all(isinstance(block.parts[0], nn.Linear) for block in found)
    assert sum(len(block.parts) for block in found) == 40


def test_a_run_with_a_forward_of_its_own_is_not_cut() -> None:
    class Skip(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + super().forward(x)

    run = Skip(*(nn.Linear(4, 4) for _ in range(8)))
    with pytest.raises(InputError, match="finds no blocks in Skip"):
        blocks_of(run, True)
    assert _names(nn.Sequential(run, nn.ReLU(), Skip(nn.Linear(4, 4)))) == ["0", "2"]


def test_layers_before_the_first_weights_are_in_no_segment() -> None:
    net = nn.Sequential(nn.ReLU(True), *(nn.Linear(4, 4) for _ in range(8)))
    assert _names(net) == ["1-4", "5-8"]


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("layers.3", ["layers.3"]),
        ("layers.[0-2]", ["layers.0", "layers.1", "layers.2"]),
        ("layers", [f"layers.{i}" for i in range(12)]),  # a list has no forward
        ("layers.*", [f"layers.{i}" for i in range(12)]),  # and not what lies within them
        (["layers.1", "layers.10"], ["layers.1", "layers.10"]),
        (["layers.1", "layers.1.body"], ["layers.1"]),
        ("layers.*.body", [f"layers.{i}.body" for i in range(12)]),
    ],
)
def test_names_and_patterns(spec: Any, found: list[str]) -> None:
    assert _names(Listed(), spec) == found
    wrapped = [f"net.{name}" for name in found]
    assert _names(lampas.Model(Listed()), spec) == wrapped
    with_prefix = [f"net.{one}" for one in ([spec] if isinstance(spec, str) else spec)]
    assert _names(lampas.Model(Listed()), with_prefix) == wrapped


def test_modules() -> None:
    net = Listed()
    assert _names(net, net.layers[2]) == ["layers.2"]
    assert _names(net, [net.layers[2], net.layers[5].body]) == ["layers.2", "layers.5.body"]
    assert _names(net, net.layers) == [f"layers.{i}" for i in range(12)]


def test_nothing() -> None:
    assert blocks_of(Listed(), None) == blocks_of(Listed(), False) == []


@pytest.mark.parametrize(
    ("net", "spec", "message"),
    [
        (Listed(), "layer.3", r"^recompute: no module matches 'layer.3'; did you mean 'layers.3'"),
        (nn.Linear(1, 1), "x", r"^recompute: no module matches 'x': the model has no modules$"),
        (Listed(), [], r"^recompute is empty: name modules, or pass True, or None for none$"),
        (Listed(), 3, r"^recompute is 3: pass True, names of modules such as 'encoder.layers.\*'"),
        (Listed(), [3], r"^recompute has 3: pass names of modules, or modules$"),
        (Listed(), nn.ReLU(), r"^recompute: this ReLU is no part of the model$"),
        (nn.Linear(1, 1), True, r"^recompute=True finds no blocks in Linear, no layers of one cla"),
        (lampas.Model(Residual()), True, r"finds no blocks in Residual, .*: name some, as recompu"),
    ],
)
def test_what_cannot_be(net: nn.Module, spec: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        blocks_of(net, spec)
