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
        self._parts: list[list[torch.Tensor]] = []
        self._bytes = 0

    def add(self, y_pred: Any, y_true: Any) -> None:
        """Keep some rows.

        Raises `ShapeError` where they cannot be joined to those before: 0-d tensors, things
        that are no tensors, or other sizes behind the first dimension.
        """
        part = [
            self._kept(where, leaf)
            for side, nest in (("output", y_pred), ("target", y_true))
            for where, leaf in named_leaves(nest, side)
        ]
        if self._structure is None:
            self._structure = _hollow(y_pred), _hollow(y_true)
            self._parts = [[] for _ in part]
        self._check_fits(part)
        for kept, leaf in zip(self._parts, part, strict=True):
            kept.append(leaf)
        self._bytes += sum(leaf.numel() * leaf.element_size() for leaf in part)
        self._warn_if_large()

    def joined(self) -> tuple[Any, Any] | None:
        """All outputs and all targets, in the structure they came in; None before the first."""
        if self._structure is None:
            return None
        # Joined anew, the pieces are one piece from now on: a second look costs no second join.
        self._parts = [[torch.cat(kept)] for kept in self._parts]
        whole = [kept[0] for kept in self._parts]
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

    def _check_fits(self, part: list[torch.Tensor]) -> None:
        if len(part) != len(self._parts):
            raise ShapeError(
                f"metric {self._name!r} got {len(part)} tensors from one batch "
                f"and {len(self._parts)} from another{self._advice}"
            )
        for kept, leaf in zip(self._parts, part, strict=True):
            if kept and kept[0].shape[1:] != leaf.shape[1:]:
                raise ShapeError(
                    f"metric {self._name!r} cannot join rows of shape {tuple(kept[0].shape[1:])} "
                    f"and {tuple(leaf.shape[1:])} from two batches{self._advice}"
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
