"""Keeping all rows of an epoch, for metrics that no sum can hold."""

import warnings
from typing import Any

import torch

from lampas.data.nest import leaves, map_leaves, named_leaves, rebuild
from lampas.errors import ShapeError

_WARN_BYTES = 1_000_000_000


class Rows:
    """Pairs of outputs and targets, tensors or tuples and dicts of them, joined at the end.

    What is kept stays on its device and is detached. A line is warned once when it passes
    1 GB. `advice` ends the messages: what to use instead.
    """

    def __init__(self, name: str, advice: str) -> None:
        self._name = name
        self._advice = advice
        self._warned = False
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self._structure: tuple[Any, Any] | None = None
        self._parts: dict[str, list[torch.Tensor]] = {}
        self._bytes = 0

    def add(self, y_pred: Any, y_true: Any) -> None:
        """Keep some rows.

        Raises `ShapeError` where they cannot be joined to those before: 0-d tensors, things
        that are no tensors, or other sizes behind the first dimension.
        """
        part = {
            where: self._kept(where, leaf)
            for side, nest in (("output", y_pred), ("target", y_true))
            for where, leaf in named_leaves(nest, side)
        }
        if self._structure is None:
            self._structure = _hollow(y_pred), _hollow(y_true)
            self._parts = {where: [] for where in part}
        self._check_fits(part)
        for where, kept in self._parts.items():
            kept.append(part[where])
        self._bytes += sum(leaf.numel() * leaf.element_size() for leaf in part.values())
        self._warn_if_large()

    def joined(self) -> tuple[Any, Any] | None:
        """All outputs and all targets, in the structure they came in; None before the first."""
        if self._structure is None:
            return None
        # Joined, the pieces are one from now on: a second look costs no second join.
        for kept in self._parts.values():
            kept[:] = [torch.cat(kept)] if len(kept) > 1 else kept
        whole = [kept[0] for kept in self._parts.values()]
        outputs, targets = self._structure
        count = len(leaves(outputs))
        return rebuild(outputs, whole[:count]), rebuild(targets, whole[count:])

    def _kept(self, where: str, leaf: Any) -> torch.Tensor:
        if not isinstance(leaf, torch.Tensor) or leaf.ndim == 0:
            got = "a 0-d tensor" if isinstance(leaf, torch.Tensor) else f"a {type(leaf).__name__}"
            raise ShapeError(
                f"metric {self._name!r} cannot keep rows of {where}, which is {got}{self._advice}"
            )
        return leaf.detach()

    def _check_fits(self, part: dict[str, torch.Tensor]) -> None:
        if part.keys() != self._parts.keys():
            raise ShapeError(
                f"metric {self._name!r} got {', '.join(self._parts)} from one batch "
                f"and {', '.join(part)} from another{self._advice}"
            )
        for where, kept in self._parts.items():
            if kept and kept[0].shape[1:] != part[where].shape[1:]:
                shapes = f"{tuple(kept[0].shape[1:])} and {tuple(part[where].shape[1:])}"
                raise ShapeError(
                    f"metric {self._name!r} cannot join rows of {where} of shapes {shapes}, "
                    f"from two batches{self._advice}"
                )

    def _warn_if_large(self) -> None:
        if self._bytes > _WARN_BYTES and not self._warned:
            self._warned = True
            warnings.warn(
                f"metric {self._name!r} keeps every row of the epoch, "
                f"{self._bytes / 1e9:.1f} GB so far{self._advice}",
                stacklevel=2,
            )


def _hollow(nest: Any) -> Any:
    """The structure alone, which keeps no tensor alive."""
    return map_leaves(lambda _: None, nest)
