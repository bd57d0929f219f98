"""Who reads a dataset, said by the test and not by the clock; and datasets to be read."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset


class Forced:
    """So many processes from that batch of the run on: {batch: count}."""

    def __init__(self, counts: Mapping[int, int]) -> None:
        self.counts = dict(counts)
        self.depth = 2
        self.why: str | None = None
        self.done = 0
        self.seen: list[int] = []  # how many read each batch
        self.starts = 0
        self.count = self.counts.get(0, 0)

    def _after(self, count: int) -> None:
        self.done += 1
        self.seen.append(count)
        if self.why is None:
            self.count = self.counts.get(self.done, self.count)

    def here(self, read: float, used: float) -> None:
        assert read >= 0 <= used
        self._after(0)

    def ahead(self, waited: float, used: float) -> None:
        self._after(self.count)

    def started(self, seconds: float) -> None:
        self.starts += 1

    def stay(self, why: str) -> None:
        self.count, self.why = 0, why


class Drawn(Dataset[Any]):
    """Rows with noise out of all three random states of the process."""

    def __init__(self, rows: int = 20, *, which: str = "torch python numpy") -> None:
        self.rows = rows
        self.which = which.split()

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        noise = {"torch": lambda: torch.rand(()).item(), "python": random.random,
                 "numpy": np.random.rand}  # fmt: skip
        drawn = [noise[one]() if one in self.which else 0.0 for one in noise]
        x = torch.tensor([index / self.rows, *drawn])
        return x, x.sum(0, keepdim=True)
