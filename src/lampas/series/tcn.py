"""A small temporal convolutional network: causal convolutions whose steps double."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm


class TCN(nn.Module):
    """Residual blocks of dilated causal convolutions; the last step is mapped to all quantiles.

    Bai, Kolter & Koltun 2018, "An Empirical Evaluation of Generic Convolutional and Recurrent
    Networks for Sequence Modeling": two weight-normalised convolutions a block, ReLU and dropout
    after each, dilation 1, 2, 4 … until the window is covered. The head is as in `Recurrent`.

    lookback, inputs: of `past` (B, lookback, inputs). known: columns of `future`
    (B, horizon, known). width: channels. kernel: steps of a convolution.

    >>> net = TCN(lookback=24, horizon=12, inputs=3, known=1, targets=1, quantiles=3)
    >>> net(torch.zeros(5, 24, 3), torch.zeros(5, 12, 1)).shape
    torch.Size([5, 12, 1, 3])
    """

    def __init__(
        self, lookback: int, horizon: int, inputs: int, known: int, targets: int, quantiles: int,
        width: int = 24, kernel: int = 3, dropout: float = 0.1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.shape = (horizon, targets, quantiles)
        blocks, dilation, sees = [Block(inputs, width, kernel, 1, dropout)], 1, 1 + 2 * (kernel - 1)
        while sees < lookback:
            dilation *= 2
            sees += 2 * (kernel - 1) * dilation
            blocks.append(Block(width, width, kernel, dilation, dropout))
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(width + horizon * known, horizon * targets * quantiles)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, past: Tensor, future: Tensor) -> Tensor:
        """Quantiles (B, horizon, targets, quantiles)."""
        last = self.blocks(past.transpose(1, 2))[:, :, -1]
        return self.head(torch.cat([last, future.flatten(1)], dim=1)).reshape(-1, *self.shape)


class Block(nn.Module):
    """x + drop(relu(conv(drop(relu(conv(x)))))), each step seeing itself and the past alone."""

    def __init__(self, inputs: int, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.pad = (kernel - 1) * dilation
        self.first = weight_norm(nn.Conv1d(inputs, width, kernel, dilation=dilation))
        self.second = weight_norm(nn.Conv1d(width, width, kernel, dilation=dilation))
        self.skip = nn.Identity() if inputs == width else nn.Conv1d(inputs, width, 1)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, L) to (B, width, L)."""
        y = self.drop(F.relu(self.first(F.pad(x, (self.pad, 0)))))
        y = self.drop(F.relu(self.second(F.pad(y, (self.pad, 0)))))
        return F.relu(y + self.skip(x))
