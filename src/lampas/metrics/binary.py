"""Yes/no outputs: where the line between yes and no runs."""

import math

from torch import Tensor

from lampas.errors import InputError


def cut(threshold: float, from_logits: bool) -> float:
    """The output above which the answer is yes.

    A logit is compared with the logit of the threshold, ln(t / (1 - t)): no sigmoid is paid
    for, and none rounds a small logit to the threshold.
    Raises `InputError` for a threshold that is not between 0 and 1.

    >>> cut(0.5, from_logits=True), cut(0.5, from_logits=False)
    (0.0, 0.5)
    """
    if not 0.0 < threshold < 1.0:
        raise InputError(f"threshold is a probability between 0 and 1, got {threshold}")
    return math.log(threshold / (1.0 - threshold)) if from_logits else threshold


def positive(y_true: Tensor) -> Tensor:
    """Which targets say yes: those above 0.5, so that bool, 0/1, -1/1 and smoothed ones all do.

    >>> import torch
    >>> positive(torch.tensor([0.05, 0.95]))
    tensor([False,  True])
    """
    return y_true > 0.5
