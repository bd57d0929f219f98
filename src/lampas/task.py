"""What a loss says of the model's output: so that "accuracy" needs no guess from the data."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["binary", "multiclass", "regression"]
Scale = Literal["logits", "probabilities", "log_probabilities", "values"]


@dataclass(frozen=True, slots=True)
class Task:
    """The kind of problem a loss solves and the scale of the outputs it reads.

    `kind`: "binary" (each output element is a yes/no; many columns are a multilabel problem),
    "multiclass" (class scores along dimension 1) or "regression".
    `scale`: what the outputs are: logits, probabilities, log-probabilities, or plain values.
    `ignore_index`: a class target that counts for nothing, or None.
    """

    kind: Kind
    scale: Scale
    ignore_index: int | None = None
