"""Models that compute their own loss, as those of Hugging Face do: where it is in the output."""

from collections.abc import Mapping
from typing import Any, cast

import torch

from lampas.errors import InputError


class OwnLoss:
    """The loss that the model computes itself: `forward` returns it, or an object holding it."""

    name = "loss"
    weight = 1.0
    reduction = "mean"

    def __call__(self, output: Any, size: int) -> tuple[torch.Tensor, int]:
        loss = own_loss_of(output)
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            raise InputError(
                f"no loss was compiled and forward returned {_kind(output)}: pass loss= to "
                "compile, or return a 0-d loss, a dict with 'loss' or an object with .loss"
            )
        return loss.reshape(()), size


def own_loss_of(output: Any) -> Any:
    """The loss inside what a model returned, or None."""
    if isinstance(output, torch.Tensor):
        return output if output.numel() == 1 else None
    if isinstance(output, Mapping):
        return cast(Mapping[str, Any], output).get("loss")
    return getattr(output, "loss", None)


def prediction_of(output: Any) -> Any:
    """The prediction inside what a model with its own loss returned."""
    if isinstance(output, Mapping):
        parts = cast(Mapping[str, Any], output)
        return parts.get("logits", {k: v for k, v in parts.items() if k != "loss"})
    return getattr(output, "logits", output)


def _kind(output: Any) -> str:
    if isinstance(output, torch.Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    return f"a {type(output).__name__}"
