"""What words and pairs of words say of the targets, counted before training."""

from collections.abc import Iterator

import numpy as np
import torch

from lampas.text.ids import PADDING, TokenIds
from lampas.text.words import WordPath, grams_of

_LEAST = 2  # texts that a pair must be in: one text alone says nothing of the next
_MOST = 1 << 18  # pairs that are kept, the most frequent ones
_READ = 4_000_000  # tokens in which pairs are looked for: 100 MB while they are counted
_ROWS = 256


def frequent_pairs(ids: TokenIds, vocabulary: int) -> torch.Tensor:
    """Pairs of neighbouring tokens in at least two texts: int64 (P,), left · vocabulary + right,
    ascending. Looked for in the first four million tokens, of which the most frequent 262 144
    are kept.

    >>> frequent_pairs(TokenIds.of([[2, 3, 4], [2, 3]]), 10)
    tensor([23])
    """
    flat = ids.flat[:_READ].numpy().astype(np.int64)
    text = np.repeat(np.arange(len(ids)), ids.lengths.numpy())[: len(flat)]
    inside = text[1:] == text[:-1]
    pairs, texts = (flat[:-1] * vocabulary + flat[1:])[inside], text[1:][inside]
    once = np.unique(np.stack([pairs, texts]), axis=1)[0]
    found, counts = np.unique(once, return_counts=True)
    enough = np.flatnonzero(counts >= _LEAST)
    if len(enough) > _MOST:
        enough = np.sort(enough[np.argsort(-counts[enough], kind="stable")[:_MOST]])
    return torch.from_numpy(found[enough])


def teach(path: WordPath, keys: torch.Tensor, ids: TokenIds, votes: torch.Tensor) -> None:
    """Give `path` the pairs `keys` and, for each gram, what it says of each output.

    votes: float (N, outputs): from 0 to 1, how much each text is of the class that speaks for an
    output. The ratio is log((a / Σa) / (b / Σb)), where a is 1 + the votes for, over the texts
    that have the gram, and b 1 + those against: naive Bayes, with one text of each kind added.
    """
    rows = path.vocabulary + len(keys)
    for_it = torch.zeros(rows, votes.shape[1])
    seen = torch.zeros(rows, 1)
    for texts, grams in _grams(ids, keys, path.vocabulary):
        for_it.index_add_(0, grams, votes[texts])
        seen.index_add_(0, grams, torch.ones(len(grams), 1))
    a, b = for_it + 1, seen - for_it + 1
    ratio = (a / a.sum(0)).log() - (b / b.sum(0)).log()
    with torch.no_grad():
        path.keys.copy_(keys)
        path.ratio.copy_(torch.where(seen > 0, ratio, 0.0))


def _grams(
    ids: TokenIds, keys: torch.Tensor, vocabulary: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """(texts, grams) (G,) each: what is in which text, once."""
    for rows in ids.lengths.argsort(stable=True).split(_ROWS):
        padded = ids.padded(rows)
        grams = grams_of(padded, padded != PADDING, keys, vocabulary)
        new = torch.ones_like(grams, dtype=torch.bool)
        new[:, 1:] = grams[:, 1:] != grams[:, :-1]
        place = torch.nonzero(new & (grams >= 0))
        yield rows[place[:, 0]], grams[new & (grams >= 0)]
