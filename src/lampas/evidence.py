"""What was said of the held-out samples, beside what is true: what a run is judged by."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lampas.printing import html_lines, html_table, number
from lampas.tables.schema import Scalar, TableTask
from lampas.tables.targets import TargetCoder

Show = Callable[[np.ndarray], Sequence[dict[str, Any]]]
"""For the positions of some samples, what people look at: {"image": PNG bytes}, {"text": words}
or {column: cell}."""


_SHOWN = 5  # samples of a notebook's table


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """N held-out samples: `truth`, a column for each target; `predicted`, as `predict` gives it;
    both with the samples' index. `classes`: of each target, none for numbers. `lost`: how many
    samples more there were, whose predictions are nan or infinite."""

    task: TableTask
    classes: tuple[tuple[Scalar, ...], ...]
    truth: pd.DataFrame
    predicted: pd.DataFrame
    show: Show
    lost: int = 0

    @classmethod
    def of(
        cls, coder: TargetCoder, truth: pd.DataFrame, predicted: pd.DataFrame, show: Show
    ) -> "Evidence":
        """From the coder of the targets, and a frame that has at least the target columns; samples
        without a finite prediction are left out, and counted."""
        numbers = predicted.select_dtypes("number").to_numpy(dtype=np.float64)
        kept = np.flatnonzero(np.isfinite(numbers).all(axis=1))
        lost = len(predicted) - len(kept)
        if lost:
            truth, predicted = truth.iloc[kept], predicted.iloc[kept]
        return cls(coder.task, coder.classes, truth[list(coder.names)], predicted,
                   lambda places: show(kept[places]), lost)  # fmt: skip

    def __len__(self) -> int:
        return len(self.truth)

    def __repr__(self) -> str:
        return f"Evidence({self.task} of {', '.join(map(str, self.truth))}; {len(self)} samples)"

    def _repr_html_(self) -> str:
        first = self.table().head(_SHOWN)
        rows = [[_shown(cell) for cell in row] for row in first.itertuples(name=None)]
        left = len(self) - len(first)
        note = f"and {left:,} more: .table()" if left else ""
        return html_lines([repr(self)]) + html_table(["", *map(str, first)], rows, note=note)

    def codes(self, target: int = 0) -> np.ndarray:
        """The true classes of a target by number (N,), int64."""
        known = {str(name): code for code, name in enumerate(self.classes[target])}
        column = self.truth.iloc[:, target]
        return np.array([known[str(value)] for value in column], dtype=np.int64)

    def probabilities(self) -> np.ndarray:
        """What each class of the first target was given (N, classes)."""
        names = [f"probability of {name}" for name in self.classes[0]]
        return self.predicted[names].to_numpy(dtype=np.float64)

    def table(self) -> pd.DataFrame:
        """Truth and predictions side by side, as a run keeps them: "true NAME", then the others."""
        true = self.truth.rename(columns=lambda name: f"true {name}")
        return pd.concat([true, self.predicted.set_axis(true.index, axis=0)], axis=1)

    def worst(self, most: int = 12) -> np.ndarray:
        """Positions of the samples that were most wrong, the worst first: those whose true class
        got the least probability, or whose numbers are farthest off in units of their spread.
        Samples that were right are left out."""
        if self.task == "regression":
            cost = self._distances()
        elif self.task == "multilabel":
            cost = self._doubts()
        else:
            true = self.probabilities()[np.arange(len(self)), self.codes()]
            right = self.probabilities().argmax(1) == self.codes()
            cost = np.where(right, -np.inf, 1 - true)
        order = np.argsort(-cost, kind="stable")[:most]
        return order[np.isfinite(cost[order]) & (cost[order] > 0)]

    def _distances(self) -> np.ndarray:
        truth = self.truth.to_numpy(dtype=np.float64)
        spread = truth.std(axis=0)
        error = np.abs(truth - self.predicted[list(self.truth)].to_numpy(dtype=np.float64))
        return (error / np.where(spread > 0, spread, 1.0)).max(axis=1)

    def _doubts(self) -> np.ndarray:
        given = self.predicted.iloc[:, len(self.truth.columns) :].to_numpy(dtype=np.float64)
        true = np.column_stack([self.codes(target) for target in range(given.shape[1])])
        missed = np.abs(true - given).max(axis=1)
        return np.where(missed > 0.5, missed, -np.inf)


def _shown(cell: Any) -> str:
    return number(float(cell)) if isinstance(cell, float | np.floating) else str(cell)


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A dict of cells for each row."""
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def png_of(pixels: np.ndarray) -> bytes:
    """A picture (C, H, W) or (H, W), uint8, as a PNG file."""
    from PIL import Image

    image = pixels.squeeze(0) if pixels.shape[0] == 1 else pixels.transpose(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    return buffer.getvalue()
