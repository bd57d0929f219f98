"""Each figure against torch's own counter, on a real pass of nets of six kinds."""

from typing import Any

import pytest
import torch
from known_nets import Decoder, resnet50
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lampas.summary import summarize


class Sentences(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.convs = nn.ModuleList(nn.Conv1d(16, 8, size) for size in (3, 4, 5))
        self.head = nn.Linear(24, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embed(ids).transpose(1, 2)
        return self.head(torch.cat([conv(x).relu().amax(2) for conv in self.convs], 1))


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, 8, 4, stride=2, groups=1)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.up = nn.ConvTranspose2d(8, 1, 4, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.down(x)
        return self.up(self.depthwise(y) + self.depthwise(y))


def encoder() -> nn.Module:
    return nn.TransformerEncoder(
        nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 3, enable_nested_tensor=False
    )


NETS = {
    "resnet50": (resnet50, (3, 64, 64), None),
    "encoder": (encoder, (11, 32), None),
    "decoder": (lambda: Decoder(2, 64, 8, 2, 96, 40), (13,), torch.long),
    "conv1d": (Sentences, (20,), torch.long),
    "lstm": (lambda: nn.LSTM(5, 7, 2, batch_first=True, bidirectional=True), (9, 5), None),
    "gru": (lambda: nn.GRU(5, 7, batch_first=True), (9, 5), None),
    "autoencoder": (Autoencoder, (1, 18, 18), None),
    "mlp": (lambda: nn.Sequential(nn.Linear(9, 8), nn.ReLU(), nn.Linear(8, 3)), (9,), None),
}


def counted(net: nn.Module, x: torch.Tensor) -> dict[str, int]:
    """Operations of each module with its children's, as torch counts them. Fused attention and
    oneDNN's recurrent layers it would count as nothing: they are switched off."""
    counter = FlopCounterMode(display=False)
    with torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH), counter:
        net.eval()(x)
    name = type(net).__name__
    return {
        path.removeprefix(name).removeprefix("."): sum(found.values())
        for path, found in counter.get_flop_counts().items()
        if path != "Global"
    }


@pytest.mark.parametrize("name", NETS)
@pytest.mark.filterwarnings("ignore:TF32 acceleration")
def test_every_layer_has_torch_s_figure(name: str) -> None:
    make, shape, dtype = NETS[name]
    net = make()
    size = (3, *shape)
    x: Any = torch.randint(0, 40, size) if dtype == torch.long else torch.randn(size)
    real = counted(net, x)
    found = summarize(net, shape, dtype, batch_size=3)
    assert found.macs is not None
    assert found.macs * 2 == real[""] > 0
    for path, flops in real.items():
        inside = [
            r.macs or 0 for r in found.rows if f"{r.path}.".startswith(f"{path}.") or not path
        ]
        assert 2 * sum(inside) == flops, path
    assert summarize(net, shape, dtype).macs == found.macs // 3
