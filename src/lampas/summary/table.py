"""`summarize`: a net at a glance, its layers as a tree, what comes out of each, what it costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.nn.parameter import is_lazy

from lampas.errors import InputError, UnknownNameError, unknown_name
from lampas.inputspec import Inputs, Shapes, inputs_like, inputs_of
from lampas.optim.table import OptimizerSpec
from lampas.plan import PRECISIONS
from lampas.recompute import RecomputeLike, paths_of
from lampas.summary.dryrun import Call, dry_run
from lampas.summary.memory import Memory, memory_of
from lampas.summary.rows import Called, Row, folded, rows_of
from lampas.summary.shapes import BATCHES, merged, text_of
from lampas.summary.show import bytes_of, html, macs_of, text
from lampas.weights import bare

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, repr=False)
class Summary:
    """What `summarize` found; prints as a table.

    `trainable`, `frozen`: numbers in parameters, shared ones once. `memory`: bytes of parameters
    and buffers. `macs`: multiply-accumulates of a forward pass for one sample, or for the batch
    that was given; `training`: the memory that training takes; both None without shapes.
    `remarks`: lines under the table.
    """

    rows: tuple[Row, ...]
    trainable: int
    frozen: int
    memory: int
    macs: int | None
    training: Memory | None
    batch_size: int | None
    remarks: tuple[str, ...]

    @property
    def frame(self) -> "pd.DataFrame":
        """A pandas DataFrame, a row a layer: layer, type, input, output, trainable, frozen, macs,
        note."""
        import pandas as pd

        columns = ["layer", "type", "input", "output", "trainable", "frozen", "macs", "note"]
        cells = [
            (row.path, row.type, row.input, row.output, row.trainable, row.frozen, row.macs,
             row.note)
            for row in self.rows
        ]  # fmt: skip
        frame = pd.DataFrame(cells, columns=pd.Index(columns))
        return frame.astype({"macs": "Int64"})

    def to_depth(self, depth: int) -> "Summary":
        """The same with the layers down to `depth` (1: the net's children); what lies deeper is
        counted in the layer that it lies in. Raises `InputError` below 0."""
        if type(depth) is not int or depth < 0:
            raise InputError(f"depth is {depth!r}: it must be an integer of 0 or more")
        return replace(self, rows=folded(self.rows, depth))

    def _last(self) -> list[str]:
        total = self.trainable + self.frozen
        found = [
            f"{total:,} parameters: {self.trainable:,} trainable, {self.frozen:,} frozen; "
            f"{bytes_of(self.memory)} with buffers"
        ]
        if self.macs is not None:
            what = "for a sample" if self.batch_size is None else f"for {self.batch_size} samples"
            found.append(f"{macs_of(self.macs)} {what}")
        if self.training is not None:
            found.append(str(self.training))
        return [*found, *self.remarks]

    def __str__(self) -> str:
        return "\n".join([text(self.rows), "", *self._last()])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return html(self.rows, "\n".join(self._last()))


def summarize(
    net: nn.Module,
    input_shape: Shapes | None = None,
    input_dtype: Any = None,
    inputs: Any = None,
    batch_size: int | None = None,
    *,
    depth: int | None = None,
    optimizer: OptimizerSpec = "adam",
    precision: str = "float32",
    recompute: RecomputeLike = None,
    optimizer_in_backward: bool = False,
) -> Summary:
    """The layers of `net`, their shapes, their parameters, their work and the memory they take.

    `input_shape`: without the batch dimension, as (3, 32, 32); a list of shapes for several
    inputs, a dict for inputs by name. `input_dtype`: a torch dtype or an old tensor type
    (`torch.LongTensor`), or a list or dict as `input_shape`; by default that of the net.
    `inputs`: an example batch instead of these. `batch_size`: shown in the shapes; None shows
    "B", found by comparing two sizes. Without shapes the layers come without outputs.
    `depth`: how deep the tree is shown; see `Summary.to_depth`.
    `optimizer`, `precision`, `recompute`, `optimizer_in_backward`: as `compile` takes them; the
    memory of training is told for them.

    Nothing is computed: shapes come from fake tensors on a fake copy, so that no weight, buffer,
    random state or training flag changes, and no memory is taken. Shapes and work are those of
    evaluation mode. MACs are half of the operations that torch's `FlopCounterMode` would count
    for products of matrices, convolutions and attention, and for recurrent layers too.

    Raises `InputError` in one line that names the layer which refuses what reaches it; a note
    on it shows the layers up to there. `UnknownNameError` for a precision or an optimiser.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> print(summarize(net, input_shape=(4,)))
    layer  type        input   output  trainable  MACs
    (net)  Sequential  (B, 4)  (B, 2)
      0    Linear      (B, 4)  (B, 8)         40    32
      1    ReLU        (B, 8)  (B, 8)
      2    Linear      (B, 8)  (B, 2)         18    16
    <BLANKLINE>
    58 parameters: 58 trainable, 0 frozen; 232 B with buffers
    48 MACs for a sample
    Training with Adam holds 944 B: parameters 232 B, gradients 232 B, optimiser 480 B; 48 B of \
activations a sample
    """
    _check(net, input_shape, input_dtype, inputs, batch_size)
    if precision not in PRECISIONS:
        raise unknown_name("precision", precision, PRECISIONS)
    net = bare(net)
    lazy = any(is_lazy(tensor) for tensor in (*net.parameters(), *net.buffers()))
    remark = "lazy layers have no weights yet: run one batch through the net for the rest"
    numbers = [p for p in net.parameters() if not is_lazy(p)]
    buffers = [b for b in net.buffers() if not is_lazy(b)]
    found = Summary(
        rows=tuple(rows_of(net, {})),
        trainable=sum(p.numel() for p in numbers if p.requires_grad),
        frozen=sum(p.numel() for p in numbers if not p.requires_grad),
        memory=sum(t.numel() * t.element_size() for t in (*numbers, *buffers)),
        macs=None,
        training=None,
        batch_size=None,
        remarks=(remark,) if lazy else (),
    )
    if not lazy and (input_shape is not None or inputs is not None):
        batches = _batches(net, input_shape, input_dtype, inputs, batch_size)
        blocks = paths_of(net, recompute)
        training = partial(memory_of, net, batches, optimizer, precision, blocks,
                           optimizer_in_backward)  # fmt: skip
        found = _with_calls(found, net, batches, training)
    return found if depth is None else found.to_depth(depth)


def _batches(
    net: nn.Module, shape: Any, dtype: Any, inputs: Any, batch_size: int | None
) -> list[tuple[int, Inputs]]:
    """The batch that was given, or two of different sizes: (samples, inputs)."""
    if inputs is not None:
        given = inputs_like(inputs, net)
        first = next(iter((*given.args, *given.kwargs.values())), None)
        return [(getattr(first, "shape", (1,))[0] if getattr(first, "ndim", 0) else 1, given)]
    sizes = BATCHES if batch_size is None else (batch_size,)
    return [(size, inputs_of(shape, dtype, size, net)) for size in sizes]


def _with_calls(
    found: Summary, net: nn.Module, batches: list[tuple[int, Inputs]], memory: Callable[[], Memory]
) -> Summary:
    """`found` with what passes of the net tell: shapes, work, memory."""
    passes = [dry_run(net, inputs).calls for _, inputs in batches]
    called = _called(passes)
    size = batches[0][0] if len(batches) == 1 else None
    training, remarks = None, found.remarks
    try:
        training = memory()
    except UnknownNameError:
        raise
    except Exception as error:  # of a net or an optimiser that is not ours: say it, and go on
        remarks = (*remarks, f"the memory of training is not known: {str(error).splitlines()[0]}")
    return replace(
        found,
        rows=tuple(rows_of(net, called)),
        macs=sum(one.macs for one in called.values()),
        training=training,
        batch_size=size,
        remarks=remarks,
    )


def _called(passes: Sequence[Sequence[Call]]) -> dict[str, Called]:
    """What is known of each layer's calls, by its path."""
    small, large = passes[0], passes[-1]
    groups: dict[str, list[tuple[Call, Call]]] = {}
    for pair in zip(small, large, strict=False):
        groups.setdefault(pair[0].path, []).append(pair)
    return {path: _one(pairs, len(passes) == 2) for path, pairs in groups.items()}


def _one(pairs: Sequence[tuple[Call, Call]], two: bool) -> Called:
    inputs = [text_of(merged(a.inputs, b.inputs) if two else a.inputs) for a, b in pairs]
    outputs = [text_of(merged(a.output, b.output) if two else a.output) for a, b in pairs]
    flops = sum(a.flops for a, _ in pairs)
    if two:  # a straight line through two samples and three, at one
        flops = 2 * flops - sum(b.flops for _, b in pairs)
    return Called(
        tuple(dict.fromkeys(inputs)), tuple(dict.fromkeys(outputs)), len(pairs), max(0, flops) // 2
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
