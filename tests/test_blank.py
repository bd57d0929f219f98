"""Nets without memory and without numbers."""

import subprocess
import sys

import torch
from torch import nn

from lampas.blank import blank


def test_nothing_is_drawn_and_nothing_is_held() -> None:
    state = torch.get_rng_state()
    with blank():
        net = nn.ModuleList([
            nn.Embedding(10**9, 10**6), nn.LSTM(4, 8), nn.BatchNorm1d(3), nn.Conv2d(1, 2, 3),
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), nn.LayerNorm(4),
        ])  # fmt: skip
    assert all(one.device.type == "meta" for one in [*net.parameters(), *net.buffers()])
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.zeros(1).device.type == "cpu"


def test_torchs_compiler_is_not_imported_for_it() -> None:
    program = (
        "import sys, torch; from lampas.blank import blank\n"
        "with blank(): torch.nn.Embedding(3, 4); torch.nn.Linear(2, 3)\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
