"""Token ids of many texts, kept as one flat array: four bytes a token and eight a text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

PADDING = 0


@dataclass(frozen=True, slots=True)
class TokenIds:
    """The tokens of N texts, one after another.

    flat: int32 (T,), the ids. ends: int64 (N + 1,); text i is flat[ends[i]:ends[i + 1]].

    >>> ids = TokenIds.of([[5, 6, 7], [8]])
    >>> ids.padded(torch.tensor([1, 0]))
    tensor([[8, 0, 0],
            [5, 6, 7]])
    """

    flat: torch.Tensor
    ends: torch.Tensor

    @classmethod
    def of(cls, texts: Iterable[Sequence[int]]) -> "TokenIds":
        """From a sequence of ids for each text."""
        kept = list(texts)
        lengths = np.fromiter(map(len, kept), np.int64, len(kept))
        flat = np.fromiter(chain.from_iterable(kept), np.int32, int(lengths.sum()))
        return cls.cut_from(flat, lengths)

    @classmethod
    def cut_from(cls, flat: np.ndarray, lengths: np.ndarray) -> "TokenIds":
        """flat (T,), whatever its integers, and how many of them each text has, (N,)."""
        ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        kept = flat.astype(np.int32, copy=False)
        return cls(torch.from_numpy(kept), torch.from_numpy(ends))

    @classmethod
    def of_matrix(cls, rows: np.ndarray) -> "TokenIds":
        """From integers (N, L) in which 0 pads the texts in front or behind.

        >>> TokenIds.of_matrix(np.array([[0, 5, 0, 6], [7, 0, 0, 0]])).flat
        tensor([5, 0, 6, 7], dtype=torch.int32)
        """
        there = rows != PADDING
        after_first = np.maximum.accumulate(there, axis=1)
        before_last = np.maximum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
        inside = after_first & before_last
        return cls.cut_from(rows[inside], inside.sum(1))

    def __len__(self) -> int:
        return len(self.ends) - 1

    @property
    def lengths(self) -> torch.Tensor:
        """Tokens of each text: int64 (N,)."""
        return self.ends.diff()

    def select(self, rows: torch.Tensor) -> "TokenIds":
        """The texts at `rows`, int64 (M,), in that order."""
        places, lengths = self._places(rows)
        ends = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
        return TokenIds(self.flat[places], ends)

    def padded(self, rows: torch.Tensor) -> torch.Tensor:
        """The texts at `rows`, int64 (M,), as int64 (M, L), 0 behind each up to the longest."""
        places, lengths = self._places(rows)
        found = torch.full((len(rows), int(lengths.max())), PADDING)
        inside = torch.arange(found.shape[1]) < lengths.unsqueeze(1)
        found[inside] = self.flat[places].long()
        return found

    def _places(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Where the tokens of these texts stand in `flat`, text after text, and their numbers."""
        starts, lengths = self.ends[rows], self.lengths[rows]
        before = lengths.cumsum(0) - lengths
        within = torch.arange(int(lengths.sum())) - before.repeat_interleave(lengths)
        return starts.repeat_interleave(lengths) + within, lengths


def shortened(
    flat: np.ndarray, lengths: np.ndarray, length: int, unknown: int
) -> tuple[TokenIds, int]:
    """The first `length` ids of each text, and how many texts had more.

    flat: ids (T,) of all texts. lengths: (N,) of each. A text of none becomes one `unknown`, so
    that no net meets a text of nothing but padding.

    >>> ids, cut = shortened(np.array([5, 6, 7]), np.array([3, 0]), 2, unknown=1)
    >>> ids.flat.tolist(), ids.lengths.tolist(), cut
    ([5, 6, 1], [2, 1], 1)
    """
    kept, sizes = flat, np.minimum(lengths, length)
    if lengths.sum() > sizes.sum():
        # A byte a token: where each stands in its text would be eight, twice, and twice the time.
        parts = np.column_stack([sizes, lengths - sizes]).ravel()
        kept = flat[np.repeat(np.tile([True, False], len(lengths)), parts)]
    empty = sizes == 0
    kept = np.insert(kept, (np.cumsum(sizes) - sizes)[empty], unknown)
    return TokenIds.cut_from(kept, np.where(empty, 1, sizes)), int((lengths > length).sum())
