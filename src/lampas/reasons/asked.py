"""What of a net's outputs is explained: one number for each sample."""

import math
from dataclasses import dataclass
from typing import Any

import torch

from lampas.errors import InputError, unknown_name
from lampas.tables import cells
from lampas.tables.targets import TargetCoder


@dataclass(frozen=True, slots=True)
class Asked:
    """One class or target of those that `coder` writes, or each sample's own prediction.

    The score of a class is its log odds, log(p / (1 − p)): of two classes with one output the
    logit or its negative, of several z − log Σ exp of the others' z. Unlike a bare logit of
    several, which is known up to what is added to all of them, it moves with the probability.
    Of several yes/no targets it is that one's logit, of an amount the amount itself.

    >>> coder = TargetCoder("multiclass", ("pet",), (("cat", "dog", "cow"),), (), ())
    >>> asked = Asked.of(coder, None)
    >>> outputs = torch.tensor([[0.0, 2.0, 0.0]])
    >>> codes = asked.codes(outputs)
    >>> asked.names(codes), asked.score(outputs, codes).exp() / 2
    (['dog'], tensor([1.8473]))
    """

    coder: TargetCoder
    code: int | None

    @classmethod
    def of(cls, coder: TargetCoder, target: Any) -> "Asked":
        """target: a class, or of several targets and of amounts a column's name; None is each
        sample's predicted class, or the only column.

        Raises `UnknownNameError` for what is neither, `InputError` where one of several columns
        has to be named.
        """
        names = _names(coder)
        if target is not None:
            wanted = cells.label(target)
            if wanted not in names:
                kind = "class" if _of_classes(coder) else "target"
                raise unknown_name(kind, wanted, names)
            return cls(coder, names.index(wanted))
        if _of_classes(coder):
            return cls(coder, None)
        if len(names) > 1:
            raise InputError(f"target=None, but there are several: pass one of {', '.join(names)}")
        return cls(coder, 0)

    def codes(self, outputs: torch.Tensor) -> torch.Tensor:
        """Of each sample in `outputs` (N, K) the number of what is explained, int64 (N,)."""
        if self.code is not None:
            return torch.full((len(outputs),), self.code, device=outputs.device)
        if self.coder.task == "binary":
            return (outputs[:, 0] > 0).long()
        return outputs.argmax(1)

    def score(self, outputs: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Of each sample in `outputs` (N, K) the score of its code, (N,); gradients flow."""
        if self.coder.task == "binary":
            return outputs[:, 0] * (2 * codes - 1)
        chosen = outputs.gather(1, codes[:, None])[:, 0]
        if self.coder.task != "multiclass":
            return chosen
        return chosen - outputs.scatter(1, codes[:, None], -math.inf).logsumexp(1)

    def names(self, codes: torch.Tensor) -> list[str]:
        """What is explained of each sample, as people call it."""
        names = _names(self.coder)
        return [names[code] for code in codes.tolist()]


def _of_classes(coder: TargetCoder) -> bool:
    return coder.task in ("binary", "multiclass")


def _names(coder: TargetCoder) -> list[str]:
    if not _of_classes(coder):
        return list(coder.names)
    return [cells.label(name) for name in coder.classes[0]]
