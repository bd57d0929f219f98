"""What a forward pass changes beside the gradients: buffers, and how to take that back."""

import torch
from torch import Tensor, nn

Pair = tuple[Tensor, Tensor]


class MovingBuffers:
    """The buffers that steps change, such as BatchNorm's running statistics, as they were
    before the step under way: a step that fails leaves nothing of itself behind.

    All buffers are copied before the first step; after it only those of the modules that changed
    one (masks and tables never move, and may be large). On an accelerator a loss of nan is seen
    long after its step, so only the first step, in which data and loss are checked, can be taken
    back; on a CPU each one can.

    >>> norm = nn.BatchNorm1d(1)
    >>> buffers = MovingBuffers(norm)
    >>> buffers.keep()
    >>> _ = norm(torch.full((2, 1), torch.nan))
    >>> buffers.put_back()
    >>> norm.running_mean
    tensor([0.])
    """

    def __init__(self, model: nn.Module) -> None:
        self._modules = [pairs for module in model.modules() if (pairs := _copied(module))]
        self._pairs = [pair for pairs in self._modules for pair in pairs]
        self._steps = 0
        self.is_busy = bool(self._pairs)

    @torch.no_grad()
    def keep(self) -> None:
        """Before each step, while `is_busy`."""
        if self._steps == 1:
            moved = [pairs for pairs in self._modules if _has_moved(pairs)]
            self._pairs = [pair for pairs in moved for pair in pairs]
            self.is_busy = bool(self._pairs)
        if self._steps:
            for live, kept in self._pairs:
                kept.copy_(live)
        self._steps += 1

    @torch.no_grad()
    def put_back(self) -> None:
        """After a step that failed."""
        for live, kept in self._pairs:
            live.copy_(kept)


def _copied(module: nn.Module) -> list[Pair]:
    return [(b, b.detach().clone()) for b in module.buffers(recurse=False) if not b.is_meta]


def _has_moved(pairs: list[Pair]) -> bool:
    return any(live.device.type == "cpu" and not torch.equal(live, kept) for live, kept in pairs)
