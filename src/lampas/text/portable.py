"""`TextModel.export`: token ids in, probabilities or amounts out; the vocabulary beside them."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lampas.export.answers import about, answered, name_of, unit_of
from lampas.export.portable import Portable
from lampas.tables.schema import TableTask
from lampas.text.ids import PADDING
from lampas.text.own_net import inputs_of

if TYPE_CHECKING:
    from lampas.text.text_model import TextModel

_ROWS, _TOKENS = 7, 5


class Graph(nn.Module):
    """The mask of what is no padding, the net, and what its outputs mean.

    padded: so many columns of padding are added, which changes nothing for the built-in nets. A
    graph is only good for any length if no part of it may be a single column, as the pairs of
    neighbours of two tokens would be.
    """

    def __init__(
        self, net: nn.Module, names: tuple[str, ...], task: TableTask, padded: int
    ) -> None:
        super().__init__()
        self.net = net
        self.padded = padded
        self.names = names
        self.task: TableTask = task

    def forward(self, ids: Tensor) -> Tensor:
        """int64 (B, L), 0 behind the end of a text, to (B, columns)."""
        inputs = inputs_of(self.names, nn.functional.pad(ids, (0, self.padded), value=PADDING))
        named = isinstance(inputs, dict)
        return answered(self.task, self.net(**inputs) if named else self.net(inputs))


def portable(model: "TextModel") -> Portable:
    """The way from token ids. A graph has no text in it: the vocabulary is told beside it, as the
    JSON that `tokenizers.Tokenizer.from_str` reads."""
    own = torch.Generator().manual_seed(0)
    ids = torch.randint(1, model.tokens.size, (_ROWS, _TOKENS), generator=own)
    ids[1, 2:] = PADDING
    net, task = model.model.net, model.targets.task
    told = {
        "kind": "text",
        **about(model.targets),
        "tokens": {**model.tokens.to_json(), "padding": PADDING, "unknown": model.tokens.unknown},
        "length": model.settings["length"],
    }
    padded = 0 if model.settings.get("own_net") else 3
    return Portable(
        Graph(net, model.names, task, padded), net, (ids,), names=("ids",),
        axes={"ids": {1: "length"}}, outputs=(name_of(task),), about=told,
        unit=unit_of(model.targets),
    )  # fmt: skip
