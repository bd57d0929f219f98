"""The linear path: which words and pairs of words a text has, weighed and added up."""

import torch
from torch import nn


class WordPath(nn.Module):
    """score = bias + Σ ratio[g] · weight[g] / √G over the G different grams of a text.

    A gram is a token, or a pair of neighbours that is frequent enough to be in `keys`. Wang &
    Manning, "Baselines and Bigrams" (2012): what a gram says of the classes is counted before
    training, as the log ratio of naive Bayes (`lampas.text.ratios`), and the weights are learnt
    upon it. Here they start at zero, so that nothing is claimed before the first step.

    ratio: float (V + P, outputs), counted. keys: int64 (P,), left id · V + right id, ascending.

    >>> path = WordPath(vocabulary=10, outputs=2, pairs=1)
    >>> ids = torch.tensor([[2, 3, 2, 0]])
    >>> path(ids, ids != 0).tolist()
    [[0.0, 0.0]]
    """

    ratio: torch.Tensor
    keys: torch.Tensor

    def __init__(self, vocabulary: int, outputs: int, pairs: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.weight = nn.Embedding(vocabulary + pairs, outputs)
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.zeros_(self.weight.weight)
        self.register_buffer("ratio", torch.ones(vocabulary + pairs, outputs))
        self.register_buffer("keys", torch.empty(pairs, dtype=torch.int64).fill_(-1))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """ids int64 (N, L), mask bool (N, L): (N, outputs)."""
        grams = grams_of(ids, mask, self.keys, self.vocabulary)
        counts = (grams >= 0) & (grams != nn.functional.pad(grams[:, :-1], (1, 0), value=-1))
        share = counts.to(self.ratio.dtype)
        share = share / share.sum(1, keepdim=True).clamp(min=1).sqrt()
        rows = grams.clamp(min=0)
        said = self.weight(rows) * nn.functional.embedding(rows, self.ratio)
        return self.bias + torch.einsum("ngo,ng->no", said, share)


def grams_of(
    ids: torch.Tensor, mask: torch.Tensor, keys: torch.Tensor, vocabulary: int
) -> torch.Tensor:
    """The tokens of each text and its pairs of neighbours that are among `keys`, as numbers.

    int64 (N, 2L - 1), each row ascending, with what is no gram as -1 in front: tokens have their
    ids, and pairs `vocabulary` and more.

    >>> ids = torch.tensor([[2, 3, 2]])
    >>> grams_of(ids, ids != 0, torch.tensor([23]), 10)
    tensor([[-1,  2,  2,  3, 10]])
    """
    return _in_text_order(ids, mask, keys, vocabulary).sort(1).values


def _in_text_order(
    ids: torch.Tensor, mask: torch.Tensor, keys: torch.Tensor, vocabulary: int
) -> torch.Tensor:
    """The tokens of each text in their order, then its pairs, -1 for what is no gram."""
    tokens = ids.masked_fill(~mask, -1)
    if not len(keys):
        return tokens
    wanted = ids[:, :-1] * vocabulary + ids[:, 1:]
    place = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    known = mask[:, 1:] & (keys[place] == wanted)
    pairs = (place + vocabulary).masked_fill(~known, -1)
    return torch.cat([tokens, pairs], dim=1)


def grams_present(
    ids: torch.Tensor,
    mask: torch.Tensor,
    keys: torch.Tensor,
    vocabulary: int,
    present: torch.Tensor,
) -> torch.Tensor:
    """How far each gram of `grams_of` is there, where token i of a text is so far as `present`
    (N, L) says: a token as it is, a pair as its two tokens in the mean, a gram that occurs
    several times as these do in the mean. Float (N, 2L - 1), linear in `present`.

    >>> ids, present = torch.tensor([[2, 3, 2]]), torch.tensor([[1.0, 0.5, 0.0]])
    >>> grams_present(ids, ids != 0, torch.tensor([23]), 10, present)
    tensor([[0.2500, 0.5000, 0.5000, 0.5000, 0.7500]])
    """
    grams, order = _in_text_order(ids, mask, keys, vocabulary).sort(1)
    if len(keys):
        present = torch.cat([present, (present[:, :-1] + present[:, 1:]) / 2], dim=1)
    each = present.gather(1, order)
    first = grams != nn.functional.pad(grams[:, :-1], (1, 0), value=-2)
    which = first.cumsum(1) - 1
    total = torch.zeros_like(each).scatter_add(1, which, each)
    count = torch.zeros_like(each).scatter_add(1, which, torch.ones_like(each))
    return (total / count.clamp(min=1)).gather(1, which)


class WordDropout(nn.Module):
    """In training, each token becomes `unknown` with probability `p` (Iyyer et al. 2015): so the
    net has met the unknown token before it meets unknown words."""

    def __init__(self, p: float, unknown: int) -> None:
        super().__init__()
        self.p = p
        self.unknown = unknown

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """ids int64 (N, L) to the same."""
        if not self.training:
            return ids
        lost = torch.rand(ids.shape, device=ids.device) < self.p
        return ids.masked_fill(lost & mask, self.unknown)
