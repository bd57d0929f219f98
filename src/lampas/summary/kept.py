"""What autograd keeps of a forward pass until backward, and what it drops and computes again."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from lampas.data.nest import leaves


class Kept:
    """The storages that backward would need, each once.

    blocks: what is computed again in backward: the paths of modules, and the name of the block that
    each is of, in their order.
    """

    def __init__(self, blocks: Mapping[str, str]) -> None:
        self._blocks = blocks
        self._heads = set({name: path for path, name in reversed(list(blocks.items()))}.values())
        self._storages: dict[int, Any] = {}  # they stay alive, so that no address comes twice
        self._dropped: dict[int, int] = {}  # by the number of the call that drops them
        self._calls = 0

    def enter(self, path: str, args: Sequence[Any]) -> None:
        """A module is called: what a block begins with is kept."""
        if path in self._heads:
            self._calls += 1
            for one in leaves(args):
                if isinstance(one, Tensor):
                    self._keep(one)

    def save(self, tensor: Tensor, within: Sequence[str]) -> None:
        """Autograd keeps `tensor`, in calls of the modules `within`."""
        address = address_of(tensor)
        if not any(path in self._blocks for path in within):
            self._keep(tensor)
        elif address not in self._storages:
            self._storages[address] = tensor.untyped_storage()
            self._dropped[address] = self._calls

    def _keep(self, tensor: Tensor) -> None:
        self._storages[address_of(tensor)] = tensor.untyped_storage()
        self._dropped.pop(address_of(tensor), None)

    def bytes_beside(self, own: set[int]) -> int:
        """Of all that is there at a time, but the storages `own`: what is kept, and what the
        largest of the calls that are made again keeps then."""
        kept, again = 0, [0] * (self._calls + 1)
        for address, storage in self._storages.items():
            if address in own:
                continue
            if address in self._dropped:
                again[self._dropped[address]] += storage.nbytes()
            else:
                kept += storage.nbytes()
        return kept + max(again)


def address_of(tensor: Tensor) -> int:
    """Of its storage itself: a fake one has no memory that could be pointed to."""
    storage: Any = tensor.untyped_storage()
    return int(storage._cdata)
