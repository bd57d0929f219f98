"""The convolutional net for texts, after Kim (2014)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from lampas.text.words import WordDropout, WordPath


class ConvNet(nn.Module):
    """Convolutions over embedded tokens, the strongest answer of each filter, a linear layer.

    The net of Kim, "Convolutional Neural Networks for Sentence Classification" (2014), started
    from random embeddings: filters of several widths, relu, maximum over the text, dropout. A
    linear path from the words and pairs of words runs beside it (`lampas.text.words.WordPath`),
    as in Cheng et al., "Wide & Deep Learning" (2016): for many texts it is most of what there is
    to learn, and it learns it in an epoch or two.

    Padding is zero, as is what lies beyond a text's ends, and only windows that touch the text
    count: so what a text gives does not depend on how far its batch is padded, and a text may be
    shorter than a filter.

    vocabulary: how many different ids there are, 0 being padding. outputs: columns of the
    output. unknown: the id of an unknown token. width: of the embeddings. filters: of each of
    the `kernels` (widths in tokens). dropout: of embedded tokens and of what the filters found.
    word_dropout: of whole tokens. pairs: how many pairs of words the linear path knows.

    >>> net = ConvNet(vocabulary=100, outputs=1)
    >>> ids = torch.tensor([[5, 6, 7], [8, 0, 0]])
    >>> net(ids, ids != 0).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        vocabulary: int,
        outputs: int,
        unknown: int = 1,
        width: int = 64,
        filters: int = 64,
        kernels: Sequence[int] = (3, 4, 5),
        dropout: float = 0.5,
        word_dropout: float = 0.1,
        pairs: int = 0,
    ) -> None:
        super().__init__()
        self.words = WordPath(vocabulary, outputs, pairs)
        self.lose = WordDropout(word_dropout, unknown)
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=0)
        nn.init.normal_(self.embedding.weight[1:], std=0.1)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, filters, kernel, padding=kernel - 1) for kernel in kernels
        )
        self.drop = nn.Dropout(dropout)
        self.last = nn.Linear(filters * len(kernels), outputs)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """`ids` int64 (N, L) and `mask` bool (N, L), true where a token stands: (N, outputs)."""
        embedded = self.drop(self.embedding(self.lose(ids, mask))) * mask.unsqueeze(2)
        x = embedded.transpose(1, 2)
        found = [strongest(convolution(x), mask) for convolution in self.convolutions]
        return self.words(ids, mask) + self.last(self.drop(torch.cat(found, dim=1)))


def strongest(windows: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The largest relu of each filter over the windows that touch the text.

    windows: (N, filters, L + k - 1), the answer for each place of a filter of width k, the first
    one having only its last weight on the text's first token. mask: bool (N, L). (N, filters).
    """
    more = windows.shape[2] - mask.shape[1]
    touching = F.pad(mask, (more, 0), value=True)  # one more window for each token
    return F.relu(windows).masked_fill(~touching.unsqueeze(1), 0.0).amax(2)
