"""A net at a glance: its layers as a tree, what comes out of each, and how many numbers it has."""

import html
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from lampas.dryrun import output_shapes
from lampas.errors import InputError
from lampas.inputspec import Shapes, inputs_like, inputs_of
from lampas.weights import bare

if TYPE_CHECKING:
    import pandas as pd

_BATCHES = (2, 3)  # two sizes tell which sizes follow the batch; 1 would hide in squeezed shapes


@dataclass(frozen=True, slots=True)
class Row:
    """A layer. `path`: as in `named_modules`, "" for the net. `type`: its class's name.

    `output`: the shape of its output, "B" for the batch; "" where it was not called.
    `trainable`, `frozen`: how many numbers its own parameters have, without its children's and
    without those that stand in an earlier row. `note`: what else is to be said.
    """

    path: str
    type: str
    output: str
    trainable: int
    frozen: int
    note: str

    @property
    def depth(self) -> int:
        """How deep it lies in the tree; 0 is the net."""
        return self.path.count(".") + 1 if self.path else 0


@dataclass(frozen=True, slots=True, repr=False)
class Summary:
    """What `summarize` found; prints as a table.

    `trainable`, `frozen`: numbers in parameters, shared ones once. `memory`: bytes of parameters
    and buffers. `remarks`: lines under the table.
    """

    rows: tuple[Row, ...]
    trainable: int
    frozen: int
    memory: int
    remarks: tuple[str, ...]

    @property
    def frame(self) -> "pd.DataFrame":
        """A pandas DataFrame, a row a layer: layer, type, output, trainable, frozen, note."""
        import pandas as pd

        columns = ["layer", "type", "output", "trainable", "frozen", "note"]
        cells = [
            (row.path, row.type, row.output, row.trainable, row.frozen, row.note)
            for row in self.rows
        ]
        return pd.DataFrame(cells, columns=pd.Index(columns))

    def __str__(self) -> str:
        total = self.trainable + self.frozen
        last = (
            f"{total:,} parameters: {self.trainable:,} trainable, {self.frozen:,} frozen; "
            f"{_bytes(self.memory)} with buffers"
        )
        return "\n".join([_table(self.rows), "", last, *self.remarks])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def summarize(
    net: nn.Module,
    input_shape: Shapes | None = None,
    input_dtype: Any = None,
    inputs: Any = None,
    batch_size: int | None = None,
) -> Summary:
    """The layers of `net`, their output shapes and their parameters.

    `input_shape`: without the batch dimension, as (3, 32, 32); a list of shapes for several
    inputs, a dict for inputs by name. `input_dtype`: a torch dtype or an old tensor type
    (`torch.LongTensor`), or a list or dict as `input_shape`; by default that of the net.
    `inputs`: an example batch instead of these. `batch_size`: shown in the shapes; None shows
    "B", found by comparing two sizes. Without shapes the layers come without outputs.

    Nothing is computed: shapes come from fake tensors on a fake copy, so that no weight, buffer,
    random state or training flag changes, and no memory is taken. Outputs are those of
    evaluation mode.

    Raises `InputError` in one line that names the layer which refuses what reaches it.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> print(summarize(net, input_shape=(4,)))
    layer  type        output  trainable
    (net)  Sequential  (B, 2)
      0    Linear      (B, 8)         40
      1    ReLU        (B, 8)
      2    Linear      (B, 2)         18
    <BLANKLINE>
    58 parameters: 58 trainable, 0 frozen; 232 B with buffers
    """
    _check(net, input_shape, input_dtype, inputs, batch_size)
    net = bare(net)
    has_shapes = input_shape is not None or inputs is not None
    lazy = any(is_lazy(tensor) for tensor in (*net.parameters(), *net.buffers()))
    outputs: dict[str, list[str]] = {}
    if has_shapes and not lazy:
        outputs = _outputs(net, input_shape, input_dtype, inputs, batch_size)
    remark = "lazy layers have no weights yet: run one batch through the net for the rest"
    numbers = [p for p in net.parameters() if not is_lazy(p)]
    buffers = [b for b in net.buffers() if not is_lazy(b)]
    return Summary(
        rows=tuple(_rows(net, outputs)),
        trainable=sum(p.numel() for p in numbers if p.requires_grad),
        frozen=sum(p.numel() for p in numbers if not p.requires_grad),
        memory=sum(t.numel() * t.element_size() for t in (*numbers, *buffers)),
        remarks=(remark,) if lazy else (),
    )


def _check(net: Any, shape: Any, dtype: Any, inputs: Any, batch_size: int | None) -> None:
    if isinstance(net, type):
        raise InputError(f"net is the class {net.__name__}, not an object: {net.__name__}(...)")
    if not isinstance(net, nn.Module):
        raise InputError(f"net is a {type(net).__name__}: pass a torch.nn.Module")
    if inputs is not None and (shape is not None or dtype is not None or batch_size is not None):
        raise InputError("inputs has shapes, dtypes and a batch size: pass it alone")
    if shape is None and (dtype is not None or batch_size is not None):
        raise InputError("input_dtype and batch_size need input_shape beside them")
    if batch_size is not None and (type(batch_size) is not int or batch_size < 1):
        raise InputError(f"batch_size is {batch_size!r}: it must be an integer of 1 or more")


def _outputs(
    net: nn.Module, shape: Any, dtype: Any, inputs: Any, batch_size: int | None
) -> dict[str, list[str]]:
    """For each path, the distinct output shapes of its calls, and one "" for each repeated."""
    if inputs is not None:
        traced = output_shapes(net, inputs_like(inputs, net))
        return {path: [_text(call) for call in calls] for path, calls in traced.items()}
    if batch_size is not None:
        traced = output_shapes(net, inputs_of(shape, dtype, batch_size, net))
        return {path: [_text(call) for call in calls] for path, calls in traced.items()}
    small, large = (output_shapes(net, inputs_of(shape, dtype, size, net)) for size in _BATCHES)
    return {
        path: [_text(_merged(*pair)) for pair in zip(calls, large.get(path, calls), strict=False)]
        for path, calls in small.items()
    }


def _merged(small: Any, large: Any) -> Any:
    """The shapes of two batch sizes as one: where they differ, the size follows the batch."""
    if isinstance(small, torch.Size) and isinstance(large, torch.Size) and len(small) == len(large):
        return _Shape(_size(a, b) for a, b in zip(small, large, strict=True))
    if isinstance(small, dict) and isinstance(large, dict):
        items = cast(dict[str, Any], small).items()
        other = cast(dict[str, Any], large)
        return {name: _merged(item, other.get(name)) for name, item in items}
    if isinstance(small, tuple | list) and isinstance(large, tuple | list):
        pairs = zip(cast(list[Any], small), cast(list[Any], large), strict=False)
        merged = [_merged(a, b) for a, b in pairs]
        return merged if isinstance(small, list) else tuple(merged)
    return small


class _Shape(tuple[str, ...]):
    """A shape whose sizes are texts, as "B"."""

    __slots__ = ()


def _size(small: int, large: int) -> str:
    """A size as a text: 7, B, 12B, or B+1 where it grows with the batch but not in proportion."""
    times = large - small
    if times == 0:
        return str(small)
    rest = small - _BATCHES[0] * times
    return f"{times if times != 1 else ''}B{f'{rest:+d}' if rest else ''}"


def _text(shapes: Any) -> str:
    if isinstance(shapes, torch.Size | _Shape):
        sizes = ", ".join(map(str, shapes))
        return f"({sizes},)" if len(shapes) == 1 else f"({sizes})"
    if isinstance(shapes, dict):
        items = cast(dict[str, Any], shapes).items()
        return "{" + ", ".join(f"{name}: {_text(item)}" for name, item in items) + "}"
    if isinstance(shapes, tuple | list):
        return "[" + ", ".join(_text(item) for item in cast(list[Any], shapes)) + "]"
    return str(shapes)


def _rows(net: nn.Module, outputs: dict[str, list[str]]) -> Iterator[Row]:
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
            yield Row(path, type(module).__name__, "", 0, 0, f"is {first}")
            continue
        calls = outputs.get(path, [])
        trainable, frozen, notes = _own(module, path, parameters)
        if len(calls) > 1:
            notes.append(f"{len(calls)} calls")
        if outputs and not calls and (trainable + frozen or not [*module.children()]):
            notes.append("not called itself")
        output = " or ".join(dict.fromkeys(calls))
        yield Row(path, type(module).__name__, output, trainable, frozen, "; ".join(notes))


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


def _table(rows: tuple[Row, ...]) -> str:
    """Columns to fit; those that would be empty are left out."""
    columns: list[list[str]] = [
        ["layer", *(_layer(row) for row in rows)],
        ["type", *(row.type for row in rows)],
        ["output", *(row.output for row in rows)],
        ["trainable", *(_count(row.trainable) for row in rows)],
        ["frozen", *(_count(row.frozen) for row in rows)],
        ["note", *(row.note for row in rows)],
    ]
    numeric = ("trainable", "frozen")
    kept = [column for column in columns if any(column[1:]) or column[0] == "trainable"]
    padded = [_padded(column, right=column[0] in numeric) for column in kept]
    return "\n".join("  ".join(line).rstrip() for line in zip(*padded, strict=True))


def _layer(row: Row) -> str:
    return "  " * row.depth + row.path.rpartition(".")[2] if row.path else "(net)"


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _padded(column: list[str], right: bool) -> list[str]:
    widest = max(map(_width, column))
    gaps = [" " * (widest - _width(cell)) for cell in column]
    return [gap + cell if right else cell + gap for gap, cell in zip(gaps, column, strict=True)]


def _width(text: str) -> int:
    """Columns of a terminal that `text` takes: two for wide signs, none for combining ones."""
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def _bytes(count: int) -> str:
    """A size in the unit that suits it.

    >>> _bytes(232), _bytes(1536), _bytes(97_500_000)
    ('232 B', '1.5 KiB', '93.0 MiB')
    """
    if count < 1024:
        return f"{count} B"
    size = count / 1024
    for unit in ("KiB", "MiB"):
        if size < 1024:
            return f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
