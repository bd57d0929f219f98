"""Targets that look like one class a sample, written as rows with a single 1, as for Keras."""

from typing import Any

import numpy as np
import pandas as pd
import torch


def one_hot_remark(targets: Any, name: str) -> str | None:
    """A line for people where each row of an array (N, T) has exactly one 1, and else zeros.

    name: what the user calls it. Columns of a frame were named, and so are meant: None.

    >>> one_hot_remark(np.eye(3), "y")
    'y has exactly one 1 in each row, as one-hot classes have: for one target of 3 classes pass \
y.argmax(1); as it is, each column is a yes/no target of its own'
    """
    if isinstance(targets, pd.DataFrame | pd.Series):
        return None
    found = targets.detach().cpu() if isinstance(targets, torch.Tensor) else targets
    values = np.asarray(found)
    if values.ndim != 2 or values.shape[1] < 2 or values.dtype.kind not in "biuf":
        return None
    if not (np.isin(values, (0, 1)).all() and (values.sum(1) == 1).all()):
        return None
    return (
        f"{name} has exactly one 1 in each row, as one-hot classes have: for one target of "
        f"{values.shape[1]} classes pass {name}.argmax(1); as it is, each column is a yes/no "
        "target of its own"
    )
