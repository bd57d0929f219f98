"""Windows of series as views of one table: no window is copied before its batch is gathered."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

from lampas.series.panel import Panel
from lampas.series.scale import Scale
from lampas.tables.schema import Scalar

Batch = tuple[dict[str, Tensor], Tensor]


@final
class Store:
    """All series one below the other, in units of their scales, float32.

    `inputs` (R, columns); `truth` (R, targets), nan where a target is not known. Each series is
    followed by `room` rows for the future: their targets are nan, their known covariates
    `future` [key] (room, known) where given. `base` and `rows`: where each series begins, and
    its length.
    """

    def __init__(
        self, panel: Panel, scales: Mapping[Scalar | None, Scale], lookback: int, horizon: int,
        future: Mapping[Scalar | None, np.ndarray] | None = None,
    ) -> None:  # fmt: skip
        targets, known = len(panel.columns.targets), len(panel.columns.known)
        self.lookback, self.horizon, self.targets = lookback, horizon, targets
        self.known = slice(targets, targets + known)
        inputs: list[np.ndarray] = []
        truth: list[np.ndarray] = []
        for one in panel.series:
            room = np.zeros((horizon, one.values.shape[1]))
            if future is not None:
                room[:, self.known] = future[one.key]
            values = scales[one.key].apply(np.vstack([one.values, room]))
            values[len(one.values) :, :targets] = 0.0
            seen = np.vstack([one.seen, np.zeros((horizon, targets), bool)])
            inputs.append(values.astype(np.float32))
            truth.append(np.where(seen, values[:, :targets], np.nan).astype(np.float32))
        self.inputs = torch.from_numpy(np.vstack(inputs))
        self.truth = torch.from_numpy(np.vstack(truth))
        self.rows = np.array([len(one.values) for one in panel.series])
        self.first = np.array([one.first for one in panel.series])
        self.base = np.concatenate([[0], np.cumsum(self.rows + horizon)[:-1]])
        # Views: (R - L + 1, columns, L) and (R - H + 1, known, H), no number is copied.
        self.past = self.inputs.unfold(0, lookback, 1)
        self.future = self.inputs[:, self.known].unfold(0, horizon, 1)
        self.ahead = self.truth.unfold(0, horizon, 1)

    def at(self, rows: Tensor) -> dict[str, Tensor]:
        """The net's inputs for windows whose first target stands in these rows (B,)."""
        past = self.past[rows - self.lookback].transpose(1, 2)
        future = self.future[rows].transpose(1, 2)
        return {"past": past.contiguous(), "future": future.contiguous()}

    def ends(self) -> dict[str, Tensor]:
        """The inputs of one window a series, whose first target is the step after its end."""
        return self.at(torch.from_numpy(self.base + self.rows))


@final
class Windows(Dataset[Batch]):
    """The windows whose first target stands at a grid place from `begin` to before `end`.

    Targets outside of [low, high) are nan: neither learnt nor scored. Indexed by a list of
    numbers, it gathers their batch:
    {"past": (B, L, columns), "future": (B, H, known)}, targets (B, H, targets).
    Memory: two numbers a series, whatever the number of windows.
    """

    def __init__(
        self, store: Store, begin: int, end: int, low: int | None = None, high: int | None = None
    ) -> None:
        self.store = store
        self.low = begin if low is None else low
        self.high = end if high is None else high
        start = np.maximum(store.first + store.lookback, begin)
        stop = np.minimum(store.first + store.rows, end)
        counts = np.maximum(stop - start, 0)
        self._start = start
        self._until = np.cumsum(counts)

    def __len__(self) -> int:
        return int(self._until[-1])

    def where(self, numbers: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For windows by number: which series, and the grid place of the first target."""
        found = np.asarray(numbers)
        series = np.searchsorted(self._until, found, side="right")
        before = np.where(series > 0, self._until[series - 1], 0)
        return series, self._start[series] + found - before

    def __getitem__(self, numbers: Sequence[int]) -> Batch:
        store = self.store
        series, places = self.where(numbers)
        rows = torch.from_numpy(store.base[series] + places - store.first[series])
        steps = torch.from_numpy(places).unsqueeze(1) + torch.arange(store.horizon)
        outside = (steps < self.low) | (steps >= self.high)
        y = store.ahead[rows].transpose(1, 2).masked_fill(outside.unsqueeze(2), torch.nan)
        return store.at(rows), y.contiguous()

    def in_order(self, rows: int) -> Iterator[Batch]:
        """All windows, so many at a time; draws no random number, as every DataLoader does."""
        for start in range(0, len(self), rows):
            yield self[range(start, min(start + rows, len(self)))]

    def loader(self, batch_size: int, shuffle: bool) -> DataLoader[Any]:
        """Batches gathered at once: torch's idiom of a sampler that gives lists of numbers."""
        order = RandomSampler(self) if shuffle else SequentialSampler(self)
        batches = BatchSampler(order, batch_size, drop_last=False)
        return DataLoader(self, batch_size=None, sampler=batches)
