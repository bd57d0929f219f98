"""What a model keeps of its last `fit`, beside its weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from lampas.history import History


@dataclass
class Past:
    """The last `fit`, or that of the file the model came from; of a new model, nothing.

    `history`: its rows. `origin`: what repeats it. `columns`: those of the data frames it was
    given, for each input. `example`: the first rows of its arrays, to export with. `optimizers`:
    states read from a file, by name, until `compile` takes them.

    >>> Past().history.rows, Past().origin
    ([], {})
    """

    history: History = field(default_factory=History)
    origin: dict[str, Any] = field(default_factory=dict[str, Any])
    columns: list[list[str] | None] | None = None
    example: Any = None
    optimizers: dict[str, Any] = field(default_factory=dict[str, Any])

    def take_optimizers(self) -> Mapping[str, Any]:
        """The states read from a file, once."""
        taken, self.optimizers = self.optimizers, {}
        return taken


def past_of(model: nn.Module) -> Past:
    """The past of a model."""
    return model.__dict__.setdefault("_past", Past())


def give_past(model: nn.Module, past: Past) -> None:
    """Let a model go on from `past`."""
    model.__dict__["_past"] = past
