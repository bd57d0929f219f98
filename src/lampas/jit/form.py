"""What the outputs of a compiled step are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lampas.data.nest import leaves, map_leaves, rebuild
from lampas.step import StepResult

_HERE = object()  # in the place of a tensor of the prediction


@dataclass(frozen=True, slots=True)
class Form:
    """The order of a graph's outputs: the loss; the values, where they are more than the loss
    itself; the counts that are tensors; the tensors of the prediction; buffers.

    `values`: how many, 0 for the loss itself; `counts`: None for a tensor; `y_pred`: the structure
    of the prediction; `moved`: which buffers the step changes; `graded`: which of the
    stepped parameters have a gradient.
    """

    values: int
    counts: list[Any]
    y_pred: Any
    moved: list[int]
    graded: list[int]
    is_plain: bool

    @classmethod
    def of(cls, result: StepResult, own: bool, moved: list[int], graded: list[int]) -> "Form":
        """The form of what a step returned. own: whether the values are outputs of their own."""
        counts = [None if isinstance(c, Tensor) else c for c in result.counts]
        structure = map_leaves(_mark, result.y_pred)
        plain = not own and None not in counts and isinstance(result.y_pred, Tensor | None)
        return cls(len(result.values) if own else 0, counts, structure, moved, graded, plain)

    def read(self, outputs: Sequence[Tensor]) -> StepResult:
        """What the epoch's sums get."""
        if self.is_plain:  # 2 µs less
            y_pred = None if self.y_pred is None else outputs[1]
            return StepResult([outputs[0]], list(self.counts), y_pred)
        values = outputs[1 : 1 + self.values] if self.values else outputs[:1]
        supply = iter(outputs[1 + self.values :])
        counts = [next(supply) if count is None else count for count in self.counts]
        parts = leaves(self.y_pred)
        y_pred = rebuild(self.y_pred, [next(supply) if p is _HERE else p for p in parts])
        return StepResult(list(values), counts, y_pred)

    def buffers(self, outputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """The new buffers, in the order of `moved`."""
        return outputs[len(outputs) - len(self.moved) :]


def _mark(leaf: Any) -> Any:
    return _HERE if isinstance(leaf, Tensor) else leaf
