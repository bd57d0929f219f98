"""Batches of texts of similar length: little padding, and another order in each epoch."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from lampas.text.ids import TokenIds
from lampas.text.own_net import inputs_of

_SPAN = 50  # batches that are sorted by length together, out of an order drawn at random


class TextDataset(Dataset[Any]):
    """Padded batches out of token ids, with targets and weights where there are some.

    names: the parameters of the net that get the ids int64 (B, L) and the mask bool (B, L), true
    where a token stands; or the first of them alone.
    """

    def __init__(self, ids: TokenIds, names: tuple[str, ...], *targets: torch.Tensor) -> None:
        self.ids = ids
        self.names = names
        self.targets = targets

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Any:
        return self.__getitems__([row])

    def __getitems__(self, rows: list[int]) -> Any:
        """What torch's loaders ask for: a whole batch in one call."""
        chosen = torch.tensor(rows)
        x = inputs_of(self.names, self.ids.padded(chosen))
        return (x, *(target[chosen] for target in self.targets))


class LengthBatches(Sampler[list[int]]):
    """Batches of rows of similar length, reshuffled each time from torch's random state.

    A random order is cut into spans of fifty batches; within a span rows are sorted by length and
    dealt out; then all batches are shuffled. So padding is little, and yet neighbours change
    from epoch to epoch.

    >>> _ = torch.manual_seed(0)
    >>> sorted(len(batch) for batch in LengthBatches(torch.tensor([3, 1, 2, 1, 9]), 2))
    [1, 2, 2]
    """

    def __init__(self, lengths: torch.Tensor, batch_size: int) -> None:
        self.lengths = lengths
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(len(self.lengths))
        spans = order.split(_SPAN * self.batch_size)
        ordered = [span[self.lengths[span].argsort(stable=True)] for span in spans]
        batches = [batch for span in ordered for batch in span.split(self.batch_size)]
        for number in torch.randperm(len(batches)).tolist():
            yield batches[number].tolist()


class InOrder(Sampler[list[int]]):
    """Batches of these rows, one after another."""

    def __init__(self, rows: torch.Tensor, batch_size: int) -> None:
        self.batches = [batch.tolist() for batch in rows.split(batch_size)]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)


def training_loader(dataset: TextDataset, batch_size: int) -> DataLoader[Any]:
    """Batches to train on, in another order each epoch."""
    batches = LengthBatches(dataset.ids.lengths, batch_size)
    return DataLoader(dataset, batch_sampler=batches, collate_fn=_whole)


def sorted_loader(dataset: TextDataset, batch_size: int) -> tuple[DataLoader[Any], torch.Tensor]:
    """Batches from the longest texts to the shortest, and the row that each of them is.

    The longest come first, so that memory that does not suffice is found at once.
    """
    rows = dataset.ids.lengths.argsort(descending=True, stable=True)
    own = torch.Generator()  # a loader draws a seed for its workers, whether it has some or not
    loader = DataLoader(
        dataset, batch_sampler=InOrder(rows, batch_size), collate_fn=_whole, generator=own
    )
    return loader, rows


def _whole(batch: Any) -> Any:
    """The dataset has padded and stacked it already."""
    return batch
