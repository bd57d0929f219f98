"""What the validation steps decide: each target's base, and whether the net improves on it."""

from collections.abc import Iterator

import torch
from torch import Tensor

from lampas.series.anchored import BASES, Anchored
from lampas.series.windows import Windows

ENOUGH = 4
"""Horizons of validation steps that a net is judged by as it is; with fewer it must do better."""

_ROWS = 1024  # windows at a time


def choose_bases(anchored: Anchored, windows: Windows) -> None:
    """Give each target the base with the lowest mean absolute error over `windows`."""
    targets = anchored.shape[1]
    total, count = torch.zeros(targets, len(BASES)), torch.zeros(targets, 1)
    for past, _, y in _batches(windows):
        error = (anchored.bases_of(past) - y.unsqueeze(3)).abs()
        known = y.isfinite().unsqueeze(3)
        total += torch.where(known, error, 0.0).sum((0, 1))
        count += known.sum((0, 1))
    mean = torch.where(total.isfinite(), total / count, torch.inf)
    # argmin takes any of equals; the simplest must win, as for a series that stands still.
    best = mean.min(dim=1, keepdim=True).values
    anchored.base.copy_((mean <= best).to(torch.int8).argmax(dim=1))


@torch.no_grad()
def judge(anchored: Anchored, windows: Windows) -> list[float | None]:
    """Trust the net with the targets whose median error over `windows`, those of the validation
    steps, it lowers below that of the base alone; the others' forecasts are the base's.

    With fewer than `ENOUGH` horizons of validation steps it must lower it in proportion: to a
    quarter with one of four. A net that fits one short stretch of a series may have learnt no more
    than what was so in that stretch. Gives the net's error over the base's, for each
    target; None where the base makes none.
    """
    alone, helped = (_errors(anchored, windows, believed) for believed in (0.0, 1.0))
    anchored.trust.copy_(helped < allowed(windows) * alone)
    pairs = zip(helped.tolist(), alone.tolist(), strict=True)
    return [mine / theirs if theirs > 0 else None for mine, theirs in pairs]


def allowed(windows: Windows) -> float:
    """The share of the base's error that a net must stay below, at most 1."""
    return min(1.0, (windows.high - windows.low) / (ENOUGH * windows.store.horizon))


def _errors(anchored: Anchored, windows: Windows, believed: float) -> Tensor:
    """The summed absolute error of each target's median (T,), the net being believed or not."""
    home, was = anchored.trust.device, anchored.training
    anchored.trust.fill_(believed)
    anchored.eval()
    total = torch.zeros(anchored.shape[1], device=home)
    for past, future, y in _batches(windows):
        said = anchored(past.to(home), future.to(home))[..., anchored.shape[2] // 2]
        error = (said - y.to(home)).abs()
        total += torch.where(error.isfinite(), error, 0.0).sum((0, 1))
    anchored.train(was)
    return total


def _batches(windows: Windows) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    for x, y in windows.in_order(_ROWS):
        yield x["past"], x["future"], y
