"""Which tokens a text model's answer hangs on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from lampas.data.feed import check_count
from lampas.errors import InputError, unknown_name
from lampas.plan import device_of
from lampas.reasons.asked import Asked
from lampas.reasons.integral import path_points
from lampas.reasons.presence import Partly, read_partly
from lampas.reasons.untouched import gradient, untouched
from lampas.text.ids import PADDING, TokenIds
from lampas.text.own_net import inputs_of
from lampas.text.words import WordDropout

if TYPE_CHECKING:
    from lampas.model import Model

TextMethod = Literal["integrated", "leave_one_out"]
_METHODS: tuple[TextMethod, ...] = ("integrated", "leave_one_out")
_STEPS = (16, 64, 256)  # the next is taken where the shares do not sum to what they should
_CLOSE = 0.01  # of 1 + |score − baseline|
_SAME = 1e-3  # of 1 + |score|: what rounding may make of one number

Shares = tuple[Tensor, Tensor, Tensor]
"""Of a batch: shares (N, L), 0 at padding; scores (N,); what the shares start from, (N,)."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A net of texts, and what is asked of it. names: its parameters for ids and mask. unknown:
    the id of an unknown token."""

    model: "Model"
    names: tuple[str, ...]
    unknown: int
    asked: Asked

    def outputs(self, ids: Tensor) -> Tensor:
        """Ids int64 (N, L) to outputs (N, K)."""
        inputs = inputs_of(self.names, ids)
        return self.model(**inputs) if isinstance(inputs, dict) else self.model(inputs)

    @property
    def absent(self) -> int:
        """The id of a token that says nothing: the unknown one, where training dropped words for
        it; else padding, for an id that training never met has the weights of its first day."""
        parts = self.model.modules()
        return self.unknown if any(isinstance(one, WordDropout) for one in parts) else PADDING


@dataclass(frozen=True, slots=True)
class Explained:
    """Of N texts: `shares`, (L,) of each; `scores` (N,) and what shares start from, `starts` (N,);
    all outputs (N, K); `targets`, the names of what is explained; and the method taken."""

    shares: list[Tensor]
    scores: Tensor
    starts: Tensor
    outputs: Tensor
    targets: list[str]
    method: TextMethod


def explained(
    reader: Reader, ids: TokenIds, method: TextMethod | None, batch_size: int
) -> Explained:
    """What `TextModel.attributions` tells of the texts `ids`, in their order."""
    check_count("batch_size", batch_size)
    if method is not None and method not in _METHODS:
        raise unknown_name("method", method, _METHODS)
    device = device_of(reader.model)
    rows = ids.lengths.argsort(descending=True, stable=True)
    parts = rows.split(batch_size)
    with untouched(reader.model):
        taken = _chosen(reader, ids.padded(parts[0]).to(device)) if method is None else method
        found = [_batch(reader, ids.padded(some).to(device), taken) for some in parts]
    shares = [text for batch, *_ in found for text in batch]
    scores, starts, outputs = (torch.cat(column) for column in list(zip(*found, strict=True))[1:])
    back = rows.argsort()
    kept = [shares[place][:length] for place, length in zip(back, ids.lengths, strict=True)]
    names = reader.asked.names(reader.asked.codes(outputs[back]))
    return Explained(kept, scores[back], starts[back], outputs[back], names, taken)


def _batch(reader: Reader, ids: Tensor, method: TextMethod) -> tuple[Tensor, ...]:
    """Shares, scores, starts and outputs, on the CPU."""
    with torch.no_grad():
        outputs = reader.outputs(ids)
    make = integrated if method == "integrated" else leave_one_out
    found = (*make(reader, ids, reader.asked.codes(outputs)), outputs)
    return tuple(part.detach().float().cpu() for part in found)


def _chosen(reader: Reader, ids: Tensor) -> TextMethod:
    with torch.no_grad():
        codes = reader.asked.codes(reader.outputs(ids))
    return "integrated" if _all_embedded(reader, ids, codes) else "leave_one_out"


def _all_embedded(reader: Reader, ids: Tensor, codes: Tensor) -> bool:
    """Whether a text reaches the net through embeddings alone: with every token absent, it answers
    as it answers a text of as many absent tokens."""
    others = ids.masked_fill(ids != PADDING, reader.unknown)
    with torch.no_grad():
        nothing, met = _partly(reader, ids, codes)
        same, _ = _partly(reader, others, codes)
        left = nothing(torch.zeros(ids.shape, device=ids.device))
        right = same(torch.zeros(ids.shape, device=ids.device))
    return met() > 0 and bool(((left - right).abs() <= _SAME * (1 + left.abs())).all())


def _partly(
    reader: Reader, ids: Tensor, codes: Tensor
) -> tuple[Callable[[Tensor], Tensor], Callable[[], int]]:
    """The score (N,) by the presence of each token (N, L); and how many embeddings it has met."""
    mask = ids != PADDING
    count = 0

    def score(present: Tensor) -> Tensor:
        nonlocal count
        texts = Partly(ids, mask, reader.absent, torch.where(mask, present, 1.0))
        with read_partly(reader.model, texts):
            outputs = reader.outputs(ids)
        count += texts.met
        return reader.asked.score(outputs, codes)

    return score, lambda: count


def integrated(reader: Reader, ids: Tensor, codes: Tensor) -> Shares:
    """mean of ∂ score / ∂ present[i] while all tokens come from absent to there, together.

    With embeddings e it is Σ over their dimensions of (e(token) − e(absent)) · mean of
    ∂ score / ∂ e on the way: integrated gradients (Sundararajan et al. 2017), over all embeddings
    at once. Shares sum to score − start. There are as many points on the way as it takes for
    that to hold within 1 %, at most 256: norms bend most where a text is almost absent.
    """
    score, met = _partly(reader, ids, codes)
    with torch.no_grad():
        start = score(torch.zeros(ids.shape, device=ids.device))
        whole = score(torch.ones(ids.shape, device=ids.device))
    if not met():
        raise InputError(
            "the net has no nn.Embedding that reads the tokens as they are: take "
            "method='leave_one_out'"
        )
    shares = torch.zeros(ids.shape, device=ids.device)
    for steps in _STEPS:
        shares = torch.zeros(ids.shape, device=ids.device)
        for place, weight in path_points(steps):
            shares += weight * gradient(score, torch.full_like(shares, place))
        shares = shares.masked_fill(ids == PADDING, 0.0)
        gap = (shares.sum(1) - (whole - start)).abs()
        if bool((gap <= _CLOSE * (1 + (whole - start).abs())).all()):
            break
    return shares, whole, start


def leave_one_out(reader: Reader, ids: Tensor, codes: Tensor) -> Shares:
    """score(text) − score(text without token i), where the rest moves together (Li et al.,
    "Understanding Neural Networks through Representation Erasure", 2016). It needs no gradient,
    and as many passes as there are tokens. Shares do not sum to anything; starts are nan."""
    shares = torch.zeros(ids.shape, device=ids.device)
    scores = torch.zeros(len(ids), device=ids.device)
    with torch.no_grad():
        for row, padded in enumerate(ids):
            text = padded[padded != PADDING][None]
            scores[row] = reader.asked.score(reader.outputs(text), codes[row : row + 1])[0]
            without = _each_left_out(text[0], reader.unknown)
            parts = [
                reader.asked.score(reader.outputs(some), codes[row].expand(len(some)))
                for some in without.split(len(ids))
            ]
            shares[row, : text.shape[1]] = scores[row] - torch.cat(parts)
    return shares, scores, torch.full_like(scores, torch.nan)


def _each_left_out(text: Tensor, unknown: int) -> Tensor:
    """A text (L,) without its first token, without its second and so on: (L, L − 1).

    What is left of a single token is an unknown one, as of an empty text.

    >>> _each_left_out(torch.tensor([5, 6, 7]), 1).tolist()
    [[6, 7], [5, 7], [5, 6]]
    """
    length = len(text)
    if length == 1:
        return torch.full((1, 1), unknown, device=text.device)
    others = ~torch.eye(length, dtype=torch.bool, device=text.device)
    return text.expand(length, length)[others].view(length, length - 1)
