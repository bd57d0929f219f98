"""The first `compile` after `lampas.load`: the optimisers go on with the state that was saved."""

import warnings
from collections.abc import Mapping
from typing import Any

import torch

from lampas import optim
from lampas.errors import ArtifactError


def continue_optimizers(
    named: Mapping[str, torch.optim.Optimizer], saved: Mapping[str, Any]
) -> None:
    """Load the saved state into each optimiser of that name.

    As in torch the saved options come with it, the learning rate too; where that is not the one
    just asked for, a warning says so. State of another kind of optimiser is left out, with a
    warning.
    """
    for name, state in saved.items():
        optimizer = named.get(name)
        if optimizer is None:
            continue
        asked = _rates(optimizer)
        try:
            optim.load_state(optimizer, state)
        except ArtifactError as error:  # another optimizer may be meant
            _warn(f"the optimizer starts afresh: {error}")
            continue
        if asked != (goes_on := _rates(optimizer)):
            _warn(
                "the optimizer goes on with the learning rate that was saved, "
                f"{goes_on[0]:g}, not {asked[0]:g}: set model.optimizer.param_groups[0]['lr'] to "
                "change it"
            )


def _rates(optimizer: torch.optim.Optimizer) -> list[float]:
    return [float(group["lr"]) for group in optimizer.param_groups]


def _warn(line: str) -> None:
    """A warning at the line that called `compile`."""
    warnings.warn(line, UserWarning, stacklevel=4)
