"""Areas under the ROC and the precision-recall curve, right with ties, by sorting."""

from typing import NamedTuple

import torch
from torch import Tensor

from lampas.metrics.sums import wide


class _Steps(NamedTuple):
    """Rows and yes-targets at each distinct score, from the highest: integers (S,)."""

    rows: Tensor
    yes: Tensor


def roc_auc(scores: Tensor, positive: Tensor) -> Tensor:
    """Area under the ROC curve: the chance that a yes scores above a no, ties counting half.

    AUC = sum over pairs (yes i, no j) of ([s_i > s_j] + [s_i = s_j] / 2) / (P N), the statistic
    of Mann and Whitney 1947 (Hanley and McNeil 1982), counted in integers after one sort.

    `scores` (M,) of any floating dtype, `positive` (M,) booleans; a 0-d tensor. nan where all
    targets are the same, or a score is nan. Waits for the device.

    >>> roc_auc(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([False, False, True, True]))
    tensor(0.7500, dtype=torch.float64)
    """
    if bool(scores.isnan().any()):
        return _undefined(scores)
    steps = _steps(scores, positive)
    no = steps.rows - steps.yes
    yes_above = steps.yes.cumsum(dim=0) - steps.yes
    halves = (no * (2 * yes_above + steps.yes)).sum()
    return wide(halves) / (2 * steps.yes.sum() * no.sum())


def average_precision(scores: Tensor, positive: Tensor) -> Tensor:
    """Mean of the precisions at each yes, the step-wise area under the precision-recall curve.

    AP = sum_n (R_n - R_{n-1}) P_n over distinct scores from the highest, without interpolation
    (Zhu 2004, "Recall, precision and average precision"); equal scores are one step.

    `scores` (M,) of any floating dtype, `positive` (M,) booleans; a 0-d tensor. nan where no
    target is yes, or a score is nan; 1 where all are. Waits for the device.

    >>> scores = torch.tensor([0.1, 0.4, 0.35, 0.8])
    >>> average_precision(scores, torch.tensor([False, False, True, True]))
    tensor(0.8333, dtype=torch.float64)
    """
    if bool(scores.isnan().any()):
        return _undefined(scores)
    steps = _steps(scores, positive)
    precision = wide(steps.yes.cumsum(dim=0)) / steps.rows.cumsum(dim=0)
    return (precision * steps.yes).sum() / steps.yes.sum()


def _steps(scores: Tensor, positive: Tensor) -> _Steps:
    ordered, order = scores.sort(descending=True)
    _, step, rows = ordered.unique_consecutive(return_inverse=True, return_counts=True)
    yes = torch.zeros_like(rows).index_add(0, step, positive[order].to(rows.dtype))
    return _Steps(rows, yes)


def _undefined(scores: Tensor) -> Tensor:
    return wide(torch.full((), torch.nan, device=scores.device))
