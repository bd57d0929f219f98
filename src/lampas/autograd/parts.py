"""The parts of a drawn graph: plain values, which keep no tensor and no Function alive."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Kind = Literal["output", "function", "layer", "parameter", "input"]
LEAVES = ("parameter", "input")


class Form(NamedTuple):
    """The shape and dtype of a tensor.

    >>> str(Form((2, 5), "float32")), str(Form((), "complex64"))
    ('(2, 5) float32', '() complex64')
    """

    shape: tuple[int, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{shape_text(self.shape)} {self.dtype}"


class Saved(NamedTuple):
    """A tensor that a Function keeps for backward.

    `bytes`: of the memory that it keeps alive, 0 where that is counted elsewhere; `note` then
    says where: at a parameter, at a Function before, in a hook, freed by backward.
    """

    name: str
    form: Form | None
    bytes: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A station of backward; `number` is its place in the order in which backward comes by.

    `kind`: "output" (where backward starts), "function", "layer" (Functions folded into one),
    "parameter" or "input" (leaves, which get a gradient). `forms`: of what comes out of a
    Function in the forward pass, or of the leaf. `functions`: how many it stands for.
    """

    number: int
    kind: Kind
    name: str
    forms: tuple[Form, ...]
    saved: tuple[Saved, ...] = ()
    functions: int = 0
    note: str = ""

    @property
    def saved_bytes(self) -> int:
        """Bytes that this node keeps for backward, those counted at another node left out."""
        return sum(one.bytes for one in self.saved)


class Edge(NamedTuple):
    """A gradient goes from node `source` to node `target`, for the target's output `output`."""

    source: int
    target: int
    output: int = 0


def form_of(tensor: Any) -> Form:
    """The form of a tensor, or of what autograd noted of one.

    Sizes that are no numbers, as those of ragged nested tensors, are -1.
    """
    shape = tuple(size if type(size) is int else -1 for size in tensor.shape)
    return Form(shape, str(tensor.dtype).removeprefix("torch."))


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as Python writes it; a size that is not known is a question mark.

    >>> shape_text((2,)), shape_text((2, -1))
    ('(2,)', '(2, ?)')
    """
    sizes = ["?" if size < 0 else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
