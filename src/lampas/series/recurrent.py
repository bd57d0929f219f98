"""LSTM and GRU: read the window step by step, and say the horizon at its end."""

from typing import Literal

import torch
from torch import Tensor, nn


class Recurrent(nn.Module):
    """A recurrent encoder whose last state, with the known future, is mapped to all quantiles.

    LSTM: Hochreiter & Schmidhuber 1997, "Long Short-Term Memory". GRU: Cho et al. 2014,
    "Learning Phrase Representations using RNN Encoder-Decoder". The direct multi-horizon head
    is that of Wen et al. 2017, "A Multi-Horizon Quantile Recurrent Forecaster", with one global
    layer in the place of their two. It starts at 0: training begins at the base forecast.

    lookback, inputs: of `past` (B, lookback, inputs). known: columns of `future`
    (B, horizon, known). cell: "lstm" or "gru". width, layers: of the hidden state.

    >>> net = Recurrent(horizon=12, inputs=3, known=1, targets=1, quantiles=3)
    >>> net(torch.zeros(5, 24, 3), torch.zeros(5, 12, 1)).shape
    torch.Size([5, 12, 1, 3])
    """

    def __init__(
        self, horizon: int, inputs: int, known: int, targets: int, quantiles: int,
        cell: Literal["lstm", "gru"] = "lstm", width: int = 32, layers: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.shape = (horizon, targets, quantiles)
        kind = nn.LSTM if cell == "lstm" else nn.GRU
        self.encoder = kind(inputs, width, layers, batch_first=True)
        self.head = nn.Linear(width + horizon * known, horizon * targets * quantiles)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, past: Tensor, future: Tensor) -> Tensor:
        """Quantiles (B, horizon, targets, quantiles)."""
        states, _ = self.encoder(past)
        seen = torch.cat([states[:, -1], future.flatten(1)], dim=1)
        return self.head(seen).reshape(-1, *self.shape)


class GRU(Recurrent):
    """`Recurrent` with the cell "gru"."""

    def __init__(self, horizon: int, inputs: int, known: int, targets: int, quantiles: int) -> None:
        super().__init__(horizon, inputs, known, targets, quantiles, cell="gru")
