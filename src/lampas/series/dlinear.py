"""DLinear: a line through the trend and a line through the rest."""

import torch.nn.functional as F
from torch import Tensor, nn


class DLinear(nn.Module):
    """Moving average and remainder, each mapped to the horizon by one linear layer.

    Zeng et al. 2022, "Are Transformers Effective for Time Series Forecasting?" (AAAI 2023): the
    layers are shared by all targets, which are forecast each from its own past. Ours differs in
    three ways: the outputs are quantiles; covariates, where there are some, add a linear term of
    their window and of the step's known future; and all weights start at 0, so that training
    begins at the base forecast (see `lampas.series.anchored.Anchored`) instead of the mean.

    lookback, inputs: of the input `past` (B, lookback, inputs), the targets first. known: columns
    of `future` (B, horizon, known). kernel: steps of the moving average, odd, as in the paper 25.

    >>> import torch
    >>> net = DLinear(lookback=24, horizon=12, inputs=3, known=1, targets=1, quantiles=3)
    >>> net(torch.zeros(5, 24, 3), torch.zeros(5, 12, 1)).shape
    torch.Size([5, 12, 1, 3])
    """

    def __init__(
        self, lookback: int, horizon: int, inputs: int, known: int, targets: int, quantiles: int,
        kernel: int = 25,
    ) -> None:  # fmt: skip
        super().__init__()
        self.targets, self.kernel = targets, kernel
        self.shape = (horizon, targets, quantiles)
        self.trend = nn.Linear(lookback, horizon * quantiles)
        self.rest = nn.Linear(lookback, horizon * quantiles)
        extra = inputs - targets
        self.window = nn.Linear(lookback * extra, horizon * targets * quantiles) if extra else None
        self.ahead = nn.Linear(known, targets * quantiles) if known else None
        for weight in self.parameters():
            nn.init.zeros_(weight)

    def forward(self, past: Tensor, future: Tensor) -> Tensor:
        """Quantiles (B, horizon, targets, quantiles)."""
        own = past[:, :, : self.targets].transpose(1, 2)
        smooth = moving_average(own, self.kernel)
        horizon, targets, quantiles = self.shape
        said = self.trend(smooth) + self.rest(own - smooth)
        said = said.reshape(-1, targets, horizon, quantiles).transpose(1, 2)
        if self.window is not None:
            said = said + self.window(past[:, :, targets:].flatten(1)).view_as(said)
        if self.ahead is not None:
            said = said + self.ahead(future).view_as(said)
        return said


def moving_average(x: Tensor, kernel: int) -> Tensor:
    """The centred mean over `kernel` steps of (B, C, L), its edges repeated.

    >>> import torch
    >>> moving_average(torch.tensor([[[1.0, 2.0, 6.0]]]), 3)
    tensor([[[1.3333, 3.0000, 4.6667]]])
    """
    padded = F.pad(x, (kernel // 2, kernel // 2), mode="replicate")
    return F.avg_pool1d(padded, kernel, stride=1)
