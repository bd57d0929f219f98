"""A sampler for classes of unequal size: each is drawn equally often."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils.data import Sampler

from lampas.data.feed import check_count
from lampas.data.parts import one_each
from lampas.errors import DataError

_MOST_CLASSES = 20  # so many may be there in however few samples


class BalancedSampler(Sampler[int]):
    """Positions in which each class comes equally often, to within one, in a random order.

    labels: (N,) the class of each sample: an array, tensor, list or pandas object of any kind.
    num_samples: how many are drawn in an epoch; by default N, so that an epoch costs what it
        did: the samples of a rare class come several times, some of a frequent one not at all,
        but others in the next epoch.
    generator: torch's, where the draw shall have its own; None draws a seed from torch's random
        state at the start of each epoch, as torch's own samplers do.

    Within an epoch no sample comes again before all of its class have come. Metrics over such
    an epoch are those of the balanced data; validate on data as they are.

    Raises `DataError` for labels that are no (N,) values, have gaps, are none, or look like no
    classes: broken numbers, or over 20 different values for half of the samples and more.

    >>> labels = [0] * 90 + [1] * 10
    >>> drawn = list(BalancedSampler(labels, generator=torch.Generator().manual_seed(0)))
    >>> len(drawn), sum(labels[i] for i in drawn)
    (100, 50)
    """

    def __init__(
        self,
        labels: Any,
        num_samples: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        values = one_each(labels, "labels")
        if not len(values):
            raise DataError("labels is empty: there is nothing to draw")
        _refuse_amounts(values)
        self.num_samples = len(values) if num_samples is None else num_samples
        check_count("num_samples", self.num_samples)
        self.generator = generator
        codes = torch.from_numpy(pd.factorize(values)[0].astype(np.int64))
        self._classes = codes.argsort(stable=True).split(codes.bincount().tolist())

    def __len__(self) -> int:
        return self.num_samples

    def __iter__(self) -> Iterator[int]:
        own = self.generator
        if own is None:
            seed = torch.empty((), dtype=torch.int64).random_().item()
            own = torch.Generator().manual_seed(int(seed))
        each, rest = divmod(self.num_samples, len(self._classes))
        lucky = torch.randperm(len(self._classes), generator=own) < rest
        drawn = [
            rows[_rounds(len(rows), each + int(more), own)]
            for rows, more in zip(self._classes, lucky.tolist(), strict=True)
        ]
        joined = torch.cat(drawn)
        yield from joined[torch.randperm(len(joined), generator=own)].tolist()


def _refuse_amounts(values: np.ndarray[Any, Any]) -> None:
    """Amounts would be as many classes as there are values, and nothing would be balanced."""
    whole = values.dtype.kind != "f" or values == np.floor(values)
    if not np.all(whole):
        row = int(np.argmin(whole))
        raise DataError(
            f"labels has {values[row]:g} at row {row}: classes are text or whole "
            "numbers; for amounts draw by parts of their range, such as pandas.qcut(labels, 5)"
        )
    different = len(pd.unique(values))
    if different > max(_MOST_CLASSES, len(values) // 2):
        raise DataError(
            f"labels has {different} different values for {len(values)} samples: these are no "
            "classes; pass the column of classes"
        )


def _rounds(size: int, count: int, generator: torch.Generator) -> torch.Tensor:
    """`count` numbers below `size`, none again before all have come."""
    rounds = [torch.randperm(size, generator=generator) for _ in range(-(-count // size))]
    return torch.cat(rounds)[:count] if rounds else torch.empty(0, dtype=torch.int64)
