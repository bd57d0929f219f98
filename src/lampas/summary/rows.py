"""A row for each layer of a net: what goes in and comes out, its numbers and its work."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import nn
from torch.nn.parameter import is_lazy


@dataclass(frozen=True, slots=True)
class Row:
    """A layer. `path`: as in `named_modules`, "" for the net. `type`: its class's name.

    `input`, `output`: the shapes of its calls, "B" for the batch; "" where it was not called.
    `trainable`, `frozen`: how many numbers its own parameters have, without its children's and
    without those that stand in an earlier row. `macs`: the multiplications with an addition that
    are its own, for one sample or for the batch that was given; None where nothing was called.
    `note`: what else is to be said.
    """

    path: str
    type: str
    input: str
    output: str
    trainable: int
    frozen: int
    macs: int | None
    note: str

    @property
    def depth(self) -> int:
        """How deep it lies in the tree; 0 is the net."""
        return self.path.count(".") + 1 if self.path else 0


@dataclass(frozen=True, slots=True)
class Called:
    """What is known of the calls of a layer: their distinct shapes, as text, how many there
    were, and what all of them cost."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    times: int
    macs: int


def rows_of(net: nn.Module, called: Mapping[str, Called]) -> Iterator[Row]:
    """A row for each module in the order of the tree; what stands twice is named by its first."""
    layers: dict[int, str] = {}
    parameters: dict[int, str] = {}
    twins: list[str] = []
    for path, module in net.named_modules(remove_duplicate=False):
        if any(path.startswith(f"{twin}.") for twin in twins):
            continue
        first = layers.setdefault(id(module), path)
        if first != path:
            twins.append(path)
            yield Row(path, type(module).__name__, "", "", 0, 0, None, f"is {first}")
            continue
        yield _row(path, module, called, parameters)


def _row(
    path: str, module: nn.Module, called: Mapping[str, Called], parameters: dict[int, str]
) -> Row:
    calls = called.get(path, Called((), (), 0, 0))
    trainable, frozen, notes = _own(module, path, parameters)
    if calls.times > 1:
        notes.append(f"{calls.times} calls")
    if called and not calls.times and (trainable + frozen or not [*module.children()]):
        notes.append("not called itself")
    return Row(
        path,
        type(module).__name__,
        " or ".join(calls.inputs),
        " or ".join(calls.outputs),
        trainable,
        frozen,
        calls.macs if calls.times else None,
        "; ".join(notes),
    )


def _own(module: nn.Module, path: str, parameters: dict[int, str]) -> tuple[int, int, list[str]]:
    """How many numbers of its own are trainable, and frozen, and what to say of the others."""
    counts, notes = [0, 0], list[str]()
    for name, parameter in module.named_parameters(recurse=False):
        if is_lazy(parameter):
            notes.append(f"{name} is lazy")
            continue
        whole = f"{path}.{name}" if path else name
        first = parameters.setdefault(id(parameter), whole)
        if first != whole:
            notes.append(f"{name} is {first}")
        else:
            counts[not parameter.requires_grad] += parameter.numel()
    return counts[0], counts[1], notes


def folded(rows: Sequence[Row], depth: int) -> tuple[Row, ...]:
    """The rows down to `depth`; what lies deeper is added to the row that it lies in."""
    kept: list[Row] = []
    for row in rows:
        if row.depth <= depth:
            kept.append(row)
        else:
            kept[-1] = _with(kept[-1], row)
    return tuple(kept)


def _with(outer: Row, inner: Row) -> Row:
    costs = [macs for macs in (outer.macs, inner.macs) if macs is not None]
    return replace(
        outer,
        trainable=outer.trainable + inner.trainable,
        frozen=outer.frozen + inner.frozen,
        macs=sum(costs) if costs else None,
    )
