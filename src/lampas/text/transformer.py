"""A small pre-norm Transformer encoder for texts, with two ways to tell positions."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import nn

from lampas.errors import unknown_name
from lampas.text.words import WordDropout, WordPath

Positions = Literal["rope", "sinusoidal"]


class TransformerNet(nn.Module):
    """Blocks of attention over embedded tokens, the mean over the text, a linear layer.

    The encoder of Vaswani et al., "Attention Is All You Need" (2017), with the norms before
    attention and feed-forward, as Xiong et al., "On Layer Normalization in the Transformer
    Architecture" (2020), found easier to train. Padding is no key of the attention and no part
    of the mean. The linear path of `lampas.text.words.WordPath` runs beside it.

    positions: "rope" turns queries and keys by angles that grow with their place, so that
    attention depends on distance (Su et al., "RoFormer", 2021); "sinusoidal" adds waves to the
    embeddings (Vaswani et al.). Neither has weights nor a longest text.

    vocabulary: how many different ids there are, 0 being padding. outputs: columns of the
    output. unknown: the id of an unknown token. width, heads, blocks: of the encoder; inside its
    feed-forward twice the width. pairs: how many pairs of words the linear path knows.

    >>> net = TransformerNet(vocabulary=100, outputs=1)
    >>> ids = torch.tensor([[5, 6, 7], [8, 0, 0]])
    >>> net(ids, ids != 0).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        vocabulary: int,
        outputs: int,
        unknown: int = 1,
        positions: Positions = "rope",
        width: int = 64,
        heads: int = 4,
        blocks: int = 2,
        dropout: float = 0.3,
        word_dropout: float = 0.1,
        pairs: int = 0,
    ) -> None:
        super().__init__()
        if positions not in ("rope", "sinusoidal"):
            raise unknown_name("positions", str(positions), ("rope", "sinusoidal"))
        self.positions = positions
        self.words = WordPath(vocabulary, outputs, pairs)
        self.lose = WordDropout(word_dropout, unknown)
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=0)
        nn.init.normal_(self.embedding.weight[1:], std=0.1)
        self.drop = nn.Dropout(dropout)
        turning = positions == "rope"
        self.blocks = nn.ModuleList(Block(width, heads, dropout, turning) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, outputs)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """`ids` int64 (N, L) and `mask` bool (N, L), true where a token stands: (N, outputs)."""
        x = self.embedding(self.lose(ids, mask))
        if self.positions == "sinusoidal":
            x = x + waves(x.shape[1], x.shape[2], x)
        x = self.drop(x)
        for block in self.blocks:
            x = block(x, mask)
        there = mask.unsqueeze(2)
        mean = (self.norm(x) * there).sum(1) / there.sum(1).clamp(min=1)
        return self.words(ids, mask) + self.last(self.drop(mean))


class Block(nn.Module):
    """x + drop(attend(norm(x))), then x + drop(feed(norm(x))): (N, L, width) to the same."""

    def __init__(self, width: int, heads: int, dropout: float, turning: bool) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = Attention(width, heads, turning)
        self.before_feeding = nn.LayerNorm(width)
        self.feeding = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """x (N, L, width), mask bool (N, L): (N, L, width)."""
        x = x + self.drop(self.attention(self.before_attention(x), mask))
        return x + self.drop(self.feeding(self.before_feeding(x)))


class Attention(nn.Module):
    """softmax(q kᵀ / √d) v for each head, over the keys that are tokens."""

    def __init__(self, width: int, heads: int, turning: bool) -> None:
        super().__init__()
        self.heads = heads
        self.turning = turning
        self.parts = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """x (N, L, width), mask bool (N, L): (N, L, width)."""
        shape = (*x.shape[:2], 3, self.heads, -1)
        q, k, v = self.parts(x).view(shape).permute(2, 0, 3, 1, 4)
        if self.turning:
            q, k = turned(q), turned(k)
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        return self.out(found.transpose(1, 2).flatten(2))


def angles(length: int, width: int, like: torch.Tensor) -> torch.Tensor:
    """position · 10000^(-2i / width) for the width / 2 frequencies i: (L, width / 2)."""
    steps = torch.arange(0, width, 2, device=like.device, dtype=torch.float32)
    frequencies = torch.exp(steps * (-math.log(10_000.0) / width))
    places = torch.arange(length, device=like.device, dtype=torch.float32)
    return places.unsqueeze(1) * frequencies


def waves(length: int, width: int, like: torch.Tensor) -> torch.Tensor:
    """Sines in the first half of the columns and cosines in the second, a tenth high as the
    embeddings are: (L, width)."""
    found = angles(length, width, like)
    return 0.1 * torch.cat([found.sin(), found.cos()], dim=1).to(like.dtype)


def turned(x: torch.Tensor) -> torch.Tensor:
    """Each pair (x[i], x[i + d/2]) of the last dimension, turned by its position's angle.

    x: (N, heads, L, d), d even. Dot products of what is turned depend on distances alone.

    >>> x = torch.ones(1, 1, 4, 2)
    >>> y = turned(x)[0, 0]
    >>> torch.allclose(y[0] @ y[1], y[2] @ y[3])
    True
    """
    found = angles(x.shape[2], x.shape[3], x).to(x.dtype)
    cos, sin = found.cos(), found.sin()
    left, right = x.chunk(2, dim=3)
    return torch.cat([left * cos - right * sin, left * sin + right * cos], dim=3)
