"""Which part of a step each moment belongs to, by hooks around the model and its optimiser."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from lampas.data.nest import leaves

PARTS: tuple[str, ...] = ("data", "forward", "loss", "backward", "optimiser", "metrics")
"""The parts of a step in their order: waiting for the batch; the net; the loss, until the first
gradient comes back to the net's output; the rest of backward, with clipping; the optimiser; and
metrics, sums and callbacks."""


class Stopwatch:
    """Divides the time between its marks among `PARTS`; `remove` leaves no hook behind.

    On an accelerator each mark waits for the device, so that its work counts where it was asked
    for: steps are slower while the watch runs. Its own cost on a CPU is some microseconds a step.
    after: what goes on when the optimiser has stepped: backward, where it steps within that.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizers: tuple[torch.optim.Optimizer, ...],
        after: str = "metrics",
    ) -> None:
        self.steps: list[dict[str, float]] = []
        self._device = next((p.device for p in model.parameters()), torch.device("cpu"))
        self._part = "data"
        self._now = dict.fromkeys(PARTS, 0.0)
        self._last = time.perf_counter()
        begins, ends = self._marks("optimiser"), self._marks(after)
        self._hooks: list[Any] = [
            model.register_forward_pre_hook(self._forward_begins),
            model.register_forward_hook(self._forward_ends),
            *(optimizer.register_step_pre_hook(begins) for optimizer in optimizers),
            *(optimizer.register_step_post_hook(ends) for optimizer in optimizers),
        ]

    def end_step(self) -> None:
        """The step is over; the next waits for its data."""
        self._mark("data")
        self.steps.append(self._now)
        self._now = dict.fromkeys(PARTS, 0.0)

    def restart(self) -> None:
        """Forget what passed since the last step: validation, and what stands between epochs."""
        self._now = dict.fromkeys(PARTS, 0.0)
        self._part, self._last = "data", time.perf_counter()

    def remove(self) -> None:
        """Take the hooks away."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def _mark(self, part: str) -> None:
        """What passed belongs to the part that was under way; `part` begins."""
        if self._device.type not in ("cpu", "meta"):
            torch.accelerator.synchronize(self._device)
        now = time.perf_counter()
        self._now[self._part] += now - self._last
        self._part, self._last = part, now

    def _marks(self, part: str) -> Callable[..., None]:
        def mark(*_: Any) -> None:
            self._mark(part)

        return mark

    def _forward_begins(self, *_: Any) -> None:
        self._mark("forward")

    def _forward_ends(self, model: nn.Module, args: Any, output: Any) -> None:
        self._mark("loss")
        for leaf in leaves(output):
            if isinstance(leaf, Tensor) and leaf.requires_grad:
                leaf.register_hook(self._gradient)

    def _gradient(self, gradient: Tensor) -> None:
        if self._part == "loss":
            self._mark("backward")
