"""The built-in net for tables: embeddings of the categories and a residual MLP, several at once."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

_QUIET = 0.3  # of the usual size: the last weights of the deep path at the start


class TabularNet(nn.Module):
    """Embedded categories beside the numbers, through residual blocks, averaged over members.

    Categories are embedded as by Guo & Berkhahn, "Entity Embeddings of Categorical Variables"
    (2016). The blocks are those of the ResNet for tables of Gorishniy et al., "Revisiting Deep
    Learning Models for Tabular Data" (2021), h + drop(W₂ drop(relu(W₁ norm(h)))), with layer
    instead of batch norm: a row's output then never depends on the other rows of its batch.
    `members` such MLPs are computed side by side by batched products, as in Gorishniy et al.,
    "TabM" (2024); theirs share most weights and have a loss each, ours share the embeddings
    only and have one loss, that of their mean output. The mean steadies small tables, where one
    net depends much on its seed. A linear path from the inputs to the output runs beside them,
    as in Cheng et al., "Wide & Deep Learning" (2016): on some tables it is all there is to
    learn. It starts at zero, and the deep path with small outputs, so neither shouts first.

    numbers: columns F of the input `numbers`. cardinalities: for each of the K columns of
    `categories`, how many integers it holds. outputs: columns of the output. width: of the
    hidden layers; inside a block twice that. dropout: inside and after the blocks.

    >>> net = TabularNet(numbers=2, cardinalities=[4, 3], outputs=1)
    >>> net(numbers=torch.zeros(5, 2), categories=torch.zeros(5, 2, dtype=torch.int64)).shape
    torch.Size([5, 1])
    """

    def __init__(
        self,
        numbers: int,
        cardinalities: Sequence[int],
        outputs: int,
        width: int = 32,
        blocks: int = 1,
        dropout: float = 0.15,
        members: int = 16,
    ) -> None:
        super().__init__()
        sizes = [embedding_size(count) for count in cardinalities]
        pairs = zip(cardinalities, sizes, strict=True)
        self.embeddings = nn.ModuleList(_embedding(count, size) for count, size in pairs)
        inputs = numbers + sum(sizes)
        self.linear = _zero(nn.Linear(inputs, outputs))
        self.first = MemberLinear(members, inputs, width)
        self.blocks = nn.ModuleList(Block(members, width, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.last = MemberLinear(members, width, outputs)
        with torch.no_grad():
            self.last.weight.mul_(_QUIET)
            self.last.bias.mul_(_QUIET)

    def forward(self, numbers: torch.Tensor, categories: torch.Tensor) -> torch.Tensor:
        """`numbers` float (N, F) and `categories` int64 (N, K) to (N, outputs)."""
        # torch's files of graphs cannot hold the parts of what has none.
        columns = categories.unbind(1) if len(self.embeddings) else ()
        embedded = [embed(x) for embed, x in zip(self.embeddings, columns, strict=True)]
        inputs = torch.cat([numbers, *embedded], dim=1)
        x = self.first(inputs.expand(self.first.members, -1, -1))
        for block in self.blocks:
            x = block(x)
        return self.linear(inputs) + self.last(F.relu(self.norm(x))).mean(0)


class Block(nn.Module):
    """x + drop(W₂ drop(relu(W₁ norm(x)))) for all members: (M, N, width) to the same."""

    def __init__(self, members: int, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.widen = MemberLinear(members, width, 2 * width)
        self.narrow = MemberLinear(members, 2 * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(M, N, width) to (M, N, width)."""
        inner = self.drop(F.relu(self.widen(self.norm(x))))
        return x + self.drop(self.narrow(inner))


class MemberLinear(nn.Module):
    """A linear layer for each of `members` nets: (M, N, in) to (M, N, out) in one product."""

    def __init__(self, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.members = members
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(members, 1, outputs))
        bound = max(inputs, 1) ** -0.5  # as nn.Linear
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(M, N, in) to (M, N, out)."""
        return torch.baddbmm(self.bias, x, self.weight)


def embedding_size(cardinality: int) -> int:
    """Dimensions for a category of `cardinality` values: half as many, at least 1, at most 50.

    >>> embedding_size(4), embedding_size(1000)
    (2, 50)
    """
    return min(50, (cardinality + 1) // 2)


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _embedding(count: int, size: int) -> nn.Embedding:
    """Values 0 and 1 (missing, unseen) start at zero: where training has none, they stay there."""
    embedding = nn.Embedding(count, size)
    with torch.no_grad():
        embedding.weight[:2] = 0.0
    return embedding


class Rescaled(nn.Module):
    """A regression net in the target's units: net(...) · scale + centre.

    The net inside learns values of mean 0 and deviation 1, whatever the units are.
    """

    centre: torch.Tensor
    scale: torch.Tensor

    def __init__(self, net: nn.Module, centre: Sequence[float], scale: Sequence[float]) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("centre", torch.tensor(centre))
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, *args: torch.Tensor, **kwargs: torch.Tensor) -> torch.Tensor:
        """The inputs of the net inside, to (N, T) in the targets' units."""
        return self.net(*args, **kwargs) * self.scale + self.centre


class RescaledMSELoss(nn.MSELoss):
    """mean(((y_pred − y_true) / scale)²): the squared error in standard deviations.

    scale (T,): of each target. So targets of any size, and several of different sizes, weigh
    alike. 1 is as good as always answering the mean.

    >>> RescaledMSELoss([10.0])(torch.tensor([[5.0]]), torch.tensor([[15.0]]))
    tensor(1.)
    """

    scale: torch.Tensor

    def __init__(self, scale: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:  # noqa: A002
        """(N, T) and (N, T) to what `reduction` says, "mean" unless changed."""
        return F.mse_loss(input / self.scale, target / self.scale, reduction=self.reduction)
