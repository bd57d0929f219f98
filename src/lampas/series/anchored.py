"""What stands round every net: each window by its own measure, a base to improve on, intervals."""

from typing import Any, final

import torch
from torch import Tensor, nn

from lampas.losses import QuantileLoss

BASES = ("last value", "damped trend", "last season", "season and change", "season and drift")
"""What a net may improve on, the simplest first; see `Anchored.bases_of`."""

_SMOOTHING, _DAMPING = 0.5, 0.9
_FLOOR = 1e-3  # of the series' scale: where a window stands still


@final
class Anchored(nn.Module):
    """A net that sees each window less its last value, in units of its mean step, and whose
    outputs are added to a simple forecast made of the window.

    So forecasts follow shifts and changes of size of the series (the last-value normalisation of
    NLinear, Zeng et al. 2022; the scale per window of RevIN, Kim et al. 2022), nothing of the
    future is used, and a net that says 0 is as good as the simple forecast. Quantiles are sorted,
    which never raises their loss (Chernozhukov et al. 2010), and widened by `margins`.

    net: `forward(past, future)` or `forward(past)`, past (B, L, columns), future (B, H, known),
        gives (B, H, T, Q), or (B, H * T * Q).
    `base` (T,): the number of each target's base in `BASES`. `trust` (T,): 1, or 0 where the
    base alone did better. `margins` (H, T, Q): conformal corrections, in units of `unrest_of`.

    >>> zero = Anchored(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), False, 1, 1, 2, 1)
    >>> _ = nn.init.zeros_(zero.net[1].weight), nn.init.zeros_(zero.net[1].bias)
    >>> zero(torch.tensor([[[1.0], [2.0], [3.0], [7.0]]]), torch.zeros(1, 2, 0)).flatten().tolist()
    [7.0, 7.0]
    """

    base: Tensor
    trust: Tensor
    margins: Tensor

    def __init__(
        self, net: nn.Module, two_inputs: bool, targets: int, season: int, horizon: int,
        quantiles: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.net = net
        self.two_inputs = two_inputs
        self.shape = (horizon, targets, quantiles)
        self.season = season
        self.register_buffer("base", torch.zeros(targets, dtype=torch.int64))
        self.register_buffer("trust", torch.ones(targets))
        self.register_buffer("margins", torch.zeros(horizon, targets, quantiles))

    def forward(self, past: Tensor, future: Tensor) -> Tensor:
        """Quantiles (B, H, T, Q) of the targets in the units of `past`."""
        targets = self.shape[1]
        own = past[:, :, :targets]
        scale = scale_of(own)
        seen = torch.cat([(own - own[:, -1:]) / scale.unsqueeze(1), past[:, :, targets:]], dim=2)
        said = self.net(seen, future) if self.two_inputs else self.net(seen)
        said = said.reshape(-1, *self.shape) * self.trust.unsqueeze(1)
        # Margins may cross where they narrow an interval: it then closes on the median.
        unrest = unrest_of(own, self.season) / scale
        spread = said.sort(dim=3).values + unrest[:, None, :, None] * self.margins
        middle = spread[..., [self.shape[2] // 2]]
        count = torch.arange(self.shape[2], device=past.device) - self.shape[2] // 2
        spread = torch.where(count < 0, torch.minimum(spread, middle), spread)
        spread = torch.where(count > 0, torch.maximum(spread, middle), spread)
        base = self.bases_of(past).gather(
            3, self.base.expand(past.shape[0], self.shape[0], -1)[..., None]
        )
        return base + scale[:, None, :, None] * spread

    def bases_of(self, past: Tensor) -> Tensor:
        """The simple forecasts (B, H, T, 5), in the order of `BASES`.

        The last value; that and a trend, the exponentially weighted mean of the window's steps,
        damped by 0.9 a step (Gardner & McKenzie 1985, "Forecasting Trends in Time Series"); last
        season's values; these with the change since, of the last value alone, which follows a
        turn at once, or of the season's mean, which noise moves less. The seasonal ones are nan
        where the window is shorter than a season, or two for the mean.
        """
        own = past[:, :, : self.shape[1]]
        horizon = self.shape[0]
        ahead = torch.arange(1, horizon + 1, device=past.device)
        last = own[:, -1:].expand(-1, horizon, -1)
        damped = (_DAMPING**ahead).cumsum(0)[None, :, None] * trend(own).unsqueeze(1)
        return torch.stack([last, last + damped, *self._seasonal(own, ahead)], dim=3)

    def _seasonal(self, own: Tensor, ahead: Tensor) -> list[Tensor]:
        """The last three bases (B, H, T) for the steps `ahead` (H,)."""
        season, rows = self.season, own.shape[1]
        lost = torch.full_like(own[:, :1].expand(-1, len(ahead), -1), torch.nan)
        if rows < season:
            return [lost, lost, lost]
        same = own[:, rows - season + (ahead - 1) % season]
        seasons = (torch.div(ahead - 1, season, rounding_mode="floor") + 1)[None, :, None]
        found = [same, lost, lost]
        if rows > season:
            found[1] = same + seasons * (own[:, -1:] - own[:, [-1 - season]])
        if rows >= 2 * season:
            before, after = own[:, -2 * season : -season], own[:, -season:]
            found[2] = same + seasons * (after.mean(1) - before.mean(1)).unsqueeze(1)
        return found


def scale_of(own: Tensor) -> Tensor:
    """The mean absolute step of each window (B, L, T): (B, T), above 0 where it stands still."""
    if own.shape[1] < 2:
        return torch.ones_like(own[:, 0])
    return own.diff(dim=1).abs().mean(1).clamp(min=_FLOOR)


def unrest_of(own: Tensor, season: int) -> Tensor:
    """How irregular each window (B, L, T) is: (B, T), above 0.

    The mean absolute difference between a step and that of a season before: the cycle itself is
    no unrest. Where the window is shorter than two seasons, the mean absolute step.
    """
    if season == 1 or own.shape[1] <= 2 * season:
        return scale_of(own)
    steps = own.diff(dim=1)
    return (steps[:, season:] - steps[:, :-season]).abs().mean(1).clamp(min=_FLOOR)


def trend(own: Tensor) -> Tensor:
    """The exponentially weighted mean step of each window (B, L, T): (B, T)."""
    if own.shape[1] < 2:
        return torch.zeros_like(own[:, 0])
    steps = own.diff(dim=1)
    ages = torch.arange(steps.shape[1] - 1, -1, -1, device=own.device)
    weights = (1 - _SMOOTHING) ** ages
    return torch.einsum("blt,l->bt", steps, weights.to(own.dtype) / weights.sum())


@final
class KnownQuantileLoss(nn.Module):
    """`QuantileLoss` over the targets that are known (not nan), divided by all: so that the mean
    over samples is exact whatever the batches.

    >>> loss = KnownQuantileLoss((0.5,))
    >>> loss(torch.tensor([[[[1.0]], [[9.0]]]]), torch.tensor([[[2.0], [torch.nan]]]))
    tensor(0.2500)
    """

    def __init__(self, quantiles: tuple[float, ...]) -> None:
        super().__init__()
        self.each = QuantileLoss(quantiles, reduction="none")

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        """The loss of quantiles (B, H, T, Q) and targets (B, H, T)."""
        known = y_true.isfinite()
        each = self.each(y_pred, torch.where(known, y_true, 0.0))
        return torch.where(known, each, 0.0).mean()


def mase(y_pred: Any, y_true: Any) -> Any:
    """The mean absolute error of the median over known targets, in units of the scale."""
    known = y_true.isfinite()
    middle = y_pred[..., y_pred.shape[-1] // 2]
    error = torch.where(known, (middle - y_true).abs(), 0.0)
    return error.sum() / known.sum().clamp(min=1)
