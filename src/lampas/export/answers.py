"""What a file answers with: probabilities of classes, or amounts, as `predict` gives them."""

from typing import Any

import torch
from torch import Tensor

from lampas.tables.schema import TableTask
from lampas.tables.targets import TargetCoder


def answered(task: TableTask, outputs: Tensor) -> Tensor:
    """A net's outputs (B, outputs) as probabilities (B, classes), for several yes/no targets the
    probability of the second class of each (B, T), for regression as they are.

    >>> answered("binary", torch.zeros(1, 1))
    tensor([[0.5000, 0.5000]])
    """
    match task:
        case "regression":
            return outputs
        case "multiclass":
            return outputs.softmax(1)
        case "multilabel":
            return outputs.sigmoid()
        case "binary":
            second = outputs.sigmoid()
            return torch.cat([1 - second, second], dim=1)


def name_of(task: TableTask) -> str:
    """What that output is called."""
    return "values" if task == "regression" else "probabilities"


def about(targets: TargetCoder) -> dict[str, Any]:
    """Which column of the output is which: plain values."""
    found: dict[str, Any] = {"task": targets.task, "targets": list(targets.names)}
    return found | ({"classes": [list(one) for one in targets.classes]} if targets.classes else {})


def unit_of(targets: TargetCoder) -> Tensor | None:
    """What an error of each regression target is measured in: its deviation over the training
    rows; None for probabilities."""
    return torch.tensor(targets.scale) if targets.scale else None
