"""Intervals that hold what they say: quantiles corrected on steps that training did not see."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from lampas.errors import InputError
from lampas.losses.quantile import checked_quantiles
from lampas.series.anchored import Anchored, unrest_of
from lampas.series.windows import Windows

_ROWS = 1024  # windows at a time


def checked_levels(quantiles: Sequence[float]) -> tuple[float, ...]:
    """Levels in pairs round the median: `InputError` otherwise.

    >>> checked_levels((0.1, 0.5))
    Traceback (most recent call last):
    lampas.errors.InputError: quantiles are (0.1, 0.5): pairs round 0.5 are needed, as ...
    """
    levels = checked_quantiles(quantiles)
    mirrored = all(abs(a + b - 1) < 1e-9 for a, b in zip(levels, reversed(levels), strict=True))
    if not mirrored or len(levels) % 2 == 0:
        raise InputError(f"quantiles are {levels}: pairs round 0.5 are needed, as (0.1, 0.5, 0.9)")
    return levels


@torch.no_grad()
def calibrate(anchored: Anchored, windows: Windows, levels: tuple[float, ...]) -> int:
    """Set the net's `margins` from `windows` over the calibration steps; how many scores a step
    of the horizon had, at least.

    Conformalised quantile regression (Romano, Patterson & Candès 2019), for each target and
    step ahead: with the score of a window, in units of its own unrest s (see `unrest_of`),

        E = max(low - y, y - high) / s

    the margin is the ceil((n + 1) * (1 - a))-th smallest of n scores, 1 - a being what the pair
    of quantiles should cover; the largest where n is too small for that. Series are not
    exchangeable, as the theorem asks: so the coverage is measured by every backtest.
    """
    anchored.margins.zero_()
    said, truth, scale = _collect(anchored, windows)
    lows = len(levels) // 2
    least = len(truth)
    for target in range(truth.shape[2]):
        for step in range(truth.shape[1]):
            known = truth[:, step, target].isfinite()
            y, s = truth[known, step, target], scale[known, target]
            least = min(least, len(y))
            for low in range(lows):
                high = len(levels) - 1 - low
                below = said[known, step, target, low] - y
                above = y - said[known, step, target, high]
                margin = quantile_of(torch.maximum(below, above) / s, levels[high] - levels[low])
                anchored.margins[step, target, low] = -margin
                anchored.margins[step, target, high] = margin
    return least


def quantile_of(scores: Tensor, share: float) -> float:
    """The ceil((n + 1) * share)-th smallest of the n scores; the largest where there are fewer.

    >>> quantile_of(torch.tensor([3.0, 1.0, 2.0, 4.0]), 0.6)
    3.0
    """
    if not len(scores):
        return 0.0
    rank = math.ceil((len(scores) + 1) * share - 1e-9)
    return float(scores.sort().values[min(rank, len(scores)) - 1])


def _collect(anchored: Anchored, windows: Windows) -> tuple[Tensor, Tensor, Tensor]:
    home, was = anchored.margins.device, anchored.training
    anchored.eval()
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for x, y in windows.in_order(_ROWS):
        past, future = x["past"].to(home), x["future"].to(home)
        scale = unrest_of(past[:, :, : anchored.shape[1]], anchored.season)
        parts.append((anchored(past, future).cpu(), y, scale.cpu()))
    anchored.train(was)
    said, truth, scale = (torch.cat(part) for part in zip(*parts, strict=True))
    return said, truth, scale
