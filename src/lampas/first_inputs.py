"""What a model is first called with: an example for its graph, and the size of a batch."""

from typing import Any

import torch
from torch import Tensor, nn

_ROWS = 2


class FirstInputs:
    """Looks at the first call of `model` in training, and is gone: later calls pay nothing.

    `args`, `kwargs`: the first two rows of what came; `args` is None before, and where the model
    is called past its `__call__`. `batch_size`: how many rows there were.
    """

    def __init__(self, model: nn.Module) -> None:
        self.args: tuple[Any, ...] | None = None
        self.kwargs: dict[str, Any] = {}
        self.batch_size: int | None = None
        self._hook = model.register_forward_pre_hook(self._look, with_kwargs=True)

    def leave(self) -> None:
        """Look no longer."""
        self._hook.remove()

    def _look(self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not model.training:  # somebody predicts before the first step
            return
        self._hook.remove()
        rows = {
            len(one) for one in (*args, *kwargs.values()) if isinstance(one, Tensor) and one.ndim
        }
        if len(rows) == 1:
            self.batch_size = rows.pop()
        self.args = tuple(self._cut(one) for one in args)
        self.kwargs = {name: self._cut(one) for name, one in kwargs.items()}

    def _cut(self, value: Any) -> Any:
        """A copy: the model may work in place, and the batch is not to be kept."""
        if not isinstance(value, Tensor):
            return value
        rows = value.detach()
        return (rows[:_ROWS] if self.batch_size is not None else rows).clone(
            memory_format=torch.preserve_format
        )
