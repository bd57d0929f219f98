"""The scalars of single steps: kept as they are on the device, and read many at a time."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lampas.board.scribe import Row
from lampas.gradients import norm_of


class StepRows:
    """Keeps the losses, the gradient norm and the learning rates of steps until `drain`."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, float, list[str], dict[str, float]]] = []
        self._tensors: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._kept)

    def keep(
        self,
        step: int,
        losses: Mapping[str, Tensor],
        gradients: Sequence[Tensor],
        rates: dict[str, float],
    ) -> None:
        """Take in a step, and the norm of its `gradients`, if any; nothing waits for the device."""
        names = [f"step/{name}" for name in losses]
        self._tensors += losses.values()
        if gradients:
            names.append("step/gradient_norm")
            self._tensors.append(norm_of(gradients))
        self._kept.append((step, time.time(), names, rates))

    def drain(self) -> list[Row]:
        """The rows kept so far, read in one go: this waits for the device."""
        kept, values = self._kept, iter(_read(self._tensors))
        self._kept, self._tensors = [], []
        return [
            (step, moment, {name: next(values) for name in names} | rates)
            for step, moment, names, rates in kept
        ]


def rates_of(optimizers: Mapping[str, Any]) -> dict[str, float]:
    """The learning rate of each optimiser's first group.

    >>> rates_of({"": torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)})
    {'step/lr': 0.5}
    """
    return {
        f"step/lr_{name}" if name else "step/lr": float(optimizer.param_groups[0]["lr"])
        for name, optimizer in optimizers.items()
    }


def _read(tensors: list[Tensor]) -> list[float]:
    if not tensors:
        return []
    if len({(tensor.dtype, tensor.device) for tensor in tensors}) == 1:
        return torch.stack(tensors).tolist()
    return torch.stack([tensor.float().cpu() for tensor in tensors]).tolist()
