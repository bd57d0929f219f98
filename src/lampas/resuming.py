"""The first `compile` after `lampas.load`: the optimisers go on with the state that was saved."""

import warnings
from collections.abc import Mapping
from typing import Any

import torch

from lampas import optim
from lampas.errors import ArtifactError


def continue_optimizers(
    named: Mapping[str, torch.optim.Optimizer], saved: Mapping[str, Any], *, scheduled: bool
) -> None:
    """Load the saved state into each optimiser of that name.

    The learning rate is the one just asked for, not the one that the saved run had come down to:
    after a cosine that would be 0. Where they differ and no schedule sets it, a warning says so.
    State of another kind of optimiser is left out, with a warning.
    """
    for name, state in saved.items():
        optimizer = named.get(name)
        if optimizer is None:
            continue
        asked = [group["lr"] for group in optimizer.param_groups]
        try:
            optim.load_state(optimizer, state)
        except ArtifactError as error:  # another optimizer may be meant
            _warn(f"the optimizer starts afresh: {error}")
            continue
        ended = [float(group["lr"]) for group in optimizer.param_groups]
        for group, rate in zip(optimizer.param_groups, asked, strict=True):
            group["lr"] = rate
        if not scheduled and ended != [float(rate) for rate in asked]:
            _warn(
                f"the optimizer goes on with the learning rate asked for, {float(asked[0]):g}; the "
                f"saved run had ended at {ended[0]:g}"
            )


def _warn(line: str) -> None:
    """A warning at the line that called `compile`."""
    warnings.warn(line, UserWarning, stacklevel=4)
