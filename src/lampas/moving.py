"""What a forward pass changes beside the gradients: buffers, and how to take that back."""

import torch
from torch import nn


class MovingBuffers:
    """The buffers that steps change, such as BatchNorm's running statistics, as they were
    before the step under way: a step that fails leaves nothing of itself behind.

    All buffers are copied before the first step; after it only those that it changed. On an
    accelerator a loss of nan is seen long after its step, so only the first step, in which data
    and loss are checked, can be taken back; on a CPU each one can.
    """

    def __init__(self, model: nn.Module) -> None:
        buffers = [b for b in model.buffers() if not (b.is_inference() or b.is_meta)]
        self._live = buffers
        self._kept = [b.detach().clone() for b in buffers]
        self._versions = [b._version for b in buffers]
        self.is_busy = bool(buffers)
        self._first = True

    @torch.no_grad()
    def keep(self) -> None:
        """Before each step, while `is_busy`."""
        if self._first:
            self._first = False
        elif self._versions:
            self._choose()
        if self._live and not self._versions:
            for kept, live in zip(self._kept, self._live, strict=True):
                kept.copy_(live)

    def _choose(self) -> None:
        """After the first step: go on with what it changed."""
        parts = zip(self._live, self._kept, self._versions, strict=True)
        moved = [(live, kept) for live, kept, version in parts
                 if live._version != version and live.device.type == "cpu"]  # fmt: skip
        self._live, self._kept = [live for live, _ in moved], [kept for _, kept in moved]
        self._versions = []
        self.is_busy = bool(moved)

    @torch.no_grad()
    def put_back(self) -> None:
        """After a step that failed."""
        for live, kept in zip(self._live, self._kept, strict=True):
            live.copy_(kept)
