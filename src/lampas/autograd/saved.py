"""What Functions keep for backward, and how much memory that is."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from lampas.autograd.names import Names, storage_of
from lampas.autograd.parts import Saved, form_of

FREED = "freed: backward has run"
PACKED = "packed by a hook, not counted"
_RAW = "_raw_saved_"


class Ledger:
    """Counts each storage once, at the Function that comes first in backward's order.

    Reading changes nothing: a tensor packed by a hook, as checkpointing and `save_on_cpu` do, is
    not unpacked, for that could run a forward pass again.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.readers: dict[str, str] = {}
        self._seen: dict[int, str] = {}
        self._fields: dict[type, tuple[str, ...]] = {}

    def of(self, node: Any, label: str) -> tuple[Saved, ...]:
        """What `node`, a Function, keeps; `label` is how others shall refer to it."""
        return tuple(self._entry(name, value, label) for name, value in self._values(node))

    def _values(self, node: Any) -> Iterator[tuple[str, Any]]:
        for field in self._fields_of(node):
            yield from _read(node, field)
        if isinstance(node, torch.autograd.function.BackwardCFunction):
            yield from _attributes(node)

    def _fields_of(self, node: Any) -> tuple[str, ...]:
        """Asked once a class: `dir` would take most of the time of a large graph."""
        kind = type(node)
        if kind not in self._fields:
            self._fields[kind] = tuple(name for name in dir(node) if name.startswith(_RAW))
        return self._fields[kind]

    def _entry(self, name: str, value: Any, label: str) -> Saved:
        if not isinstance(value, Tensor):
            return Saved(name, None, 0, FREED if value is FREED else PACKED)
        address = storage_of(value)
        owner = self.names.owner(address)
        if owner:
            self.readers.setdefault(owner, label)
            return Saved(name, form_of(value), 0, owner)
        if address is None:
            return Saved(name, form_of(value), _loose_bytes(value))
        if address in self._seen:
            return Saved(name, form_of(value), 0, f"counted at {self._seen[address]}")
        self._seen[address] = label
        return Saved(name, form_of(value), value.untyped_storage().nbytes())


def _read(node: Any, field: str) -> Iterator[tuple[str, Any]]:
    """The tensors in a field of a Function; a packed one as what it was packed into."""
    name = field.removeprefix(_RAW)
    try:
        raw = getattr(node, field)
    except RuntimeError:
        yield name, FREED
        return
    if not isinstance(raw, tuple):
        yield from _one(node, field, name, raw)
        return
    for place, one in enumerate(raw):
        yield from _one(node, field, f"{name}[{place}]", one, place)


def _one(
    node: Any, field: str, name: str, raw: Any, place: int | None = None
) -> Iterator[tuple[str, Any]]:
    """`raw.data` is what lies there, with no hook called. torch before 2.7 has no such field."""
    value = getattr(raw, "data", None)
    if value is None:
        value = _unpacked(node, field.removeprefix("_raw"), place)
    if value is not None:
        yield name, value


def _unpacked(node: Any, field: str, place: int | None) -> Any:
    """The tensor by its public way: None where there is none, `FREED` where it was."""
    try:
        found = getattr(node, field.removeprefix("_") if field == "_saved_tensors" else field)
        return found if place is None else found[place]
    except RuntimeError as error:
        return FREED if "freed" in str(error) else None


def _attributes(node: Any) -> Iterator[tuple[str, Any]]:
    """Tensors that a custom Function keeps as attributes of its `ctx`."""
    for name, value in vars(node).items():
        parts = value if isinstance(value, tuple | list) else [value]
        for part in parts:
            if isinstance(part, Tensor):
                yield f"ctx.{name}", part


def _loose_bytes(tensor: Tensor) -> int:
    """Bytes of a tensor without one storage: of a sparse one, its parts'."""
    if tensor.layout is torch.sparse_coo:
        parts = (tensor._indices(), tensor._values())
        return sum(part.untyped_storage().nbytes() for part in parts)
    try:
        return tensor.numel() * tensor.element_size()
    except (RuntimeError, NotImplementedError):
        return 0
