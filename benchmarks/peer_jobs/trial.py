"""What every contender of `peers.py` is: one workload, done in one library. Needs torch alone."""

from collections.abc import Callable

import torch
from by_hand import Scores, validation_size
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from workloads import Workload


class Batches(TensorDataset):
    """Rows that a DataLoader takes by whole batches: it asks `__getitems__` where there is one."""

    def __getitems__(self, rows: list[int]) -> tuple[Tensor, ...]:
        return self[rows]


def as_it_is(batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Nothing is left to collate."""
    return batch


class Trial:
    """A workload in one library: `fit` starts from the first weights, each time it is called.

    `ready` makes, untimed, what `evaluate` and `predict` need; these work on the training rows,
    at the first weights. `distribution` is the library's name as installed.
    """

    distribution = "torch"
    keeps_compiled = False
    steady: float | None = None
    """Seconds of the last `fit`, had all epochs been as those after the first, which was not."""

    def __init__(self, work: Workload, loader: str = "batches"):
        self.work, self.whole_batches = work, loader == "batches"

    def fit(self) -> Scores:
        """The validation's loss and accuracy after the last epoch."""
        raise NotImplementedError

    def ready(self) -> None:
        raise NotImplementedError

    def evaluate(self) -> Scores:
        raise NotImplementedError

    def predict(self) -> Tensor:
        raise NotImplementedError

    @property
    def big(self) -> int:
        """Rows in a batch where nothing is learnt."""
        return validation_size(self.work)

    def adam(self, net: nn.Module) -> torch.optim.Adam:
        """Torch's, at its fastest; the usual script's own is at its defaults."""
        return torch.optim.Adam(net.parameters(), lr=self.work.lr, fused=True)

    def loader(self, *rows: Tensor, size: int, shuffle: bool = False) -> DataLoader:
        """By rows, one by one; or by whole batches, which is faster and documented, too."""
        if self.whole_batches:
            return DataLoader(Batches(*rows), size, shuffle=shuffle, collate_fn=as_it_is)
        return DataLoader(TensorDataset(*rows), size, shuffle=shuffle)

    def train_loader(self) -> DataLoader:
        return self.loader(self.work.x, self.work.y, size=self.work.batch_size, shuffle=True)

    def valid_loader(self) -> DataLoader:
        return self.loader(self.work.x_val, self.work.y_val, size=self.big)

    def score_loader(self) -> DataLoader:
        """The training rows in order, to be evaluated."""
        return self.loader(self.work.x, self.work.y, size=self.big)

    def x_loader(self) -> DataLoader:
        return self.loader(self.work.x, size=self.big)


def passes(run: Callable[[], object], times: int) -> object:
    """Again and again; the last result."""
    found = None
    for _ in range(times):
        found = run()
    return found
