import torch
from torch import nn

import lampas
from lampas.comparison.layers import layers


def test_a_real_summary_is_read_back() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sequential(nn.Flatten(), nn.Linear(144, 1000)))
    net[0].weight.requires_grad_(False)
    found = layers(str(lampas.summarize(net, (1, 8, 8), torch.float32)))
    assert found == {
        "parameters": "145,040",
        "(net)": "Sequential, (B, 1000)",
        "0": "Conv2d, (B, 4, 6, 6), 4 trainable, 36 frozen",
        "1": "Sequential, (B, 1000)",
        "1.0": "Flatten, (B, 144)",
        "1.1": "Linear, (B, 1000), 145,000 trainable",
    }


def test_what_is_no_summary_has_no_layers() -> None:
    assert layers("") == {}
    assert layers("\n\n\n") == {}
