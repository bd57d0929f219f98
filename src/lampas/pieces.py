"""Batches in pieces, where memory runs out: the same gradient, from fewer samples at a time.

A piece is a batch of its own with its exact share of the loss, as those that gradient accumulation
adds up; so the step knows nothing of it.
"""

import gc
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from torch import Tensor, nn

from lampas.callbacks.say import say
from lampas.data.batch import Batch
from lampas.data.nest import concatenate, leaves, named_leaves, rebuild
from lampas.data.wrap import share_out
from lampas.errors import TooLargeError
from lampas.moving import MovingInputs
from lampas.plan import device_of
from lampas.step import StepResult, update

if TYPE_CHECKING:
    from lampas.model import Model

T = TypeVar("T")

_SAID = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc", "ALLOC_FAILED")
"""What a plain RuntimeError says: torch on the CPU and on MPS, CUDA and its libraries."""

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a device or on the host.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return not isinstance(error, TooLargeError)
    return isinstance(error, RuntimeError) and any(said in str(error) for said in _SAID)


class Pieces:
    """How many samples are computed at once: a whole batch, and less once memory ran out.

    `rows`: the most samples of a piece; None while batches are computed whole. What was found
    stays, for trying anew each time would cost a failed step each time.
    """

    def __init__(self, model: "Model") -> None:
        self._model = model
        self.rows: int | None = None
        self._ran_out = ""  # where, until a smaller piece has fitted
        self._writes: bool | None = None  # whether an evaluation changes the inputs of the net

    def cut(self, batch: Batch) -> list[Batch]:
        """The pieces of one batch, in its order, of sizes as equal as can be."""
        count = number_of(batch.size, self.rows)
        return [batch] if count == 1 else cut(batch, count)

    def shrink(self, error: BaseException, batch: Batch, where: str, *, once: bool) -> bool:
        """After `error`: whether it was for memory, and smaller pieces shall be tried.

        once: whether `batch` is not any more what it was. Leave the `except` block before trying:
        the error holds the tensors of the step that failed. Raises `TooLargeError` where nothing
        smaller can be tried.
        """
        if not is_out_of_memory(error):
            return False
        training = torch.is_grad_enabled()
        why = _hindrance(self._model, error, batch) if training else _uncut(batch)
        if once:
            why = f"the net works in place on its inputs, which are lost: {_lower(batch)}"
        least = 2 if training and has_norm(self._model) else 1
        rows = smaller(batch.size, self.rows, least)
        if why is None and rows is None:
            why = _too_large(largest(batch.size, self.rows), batch, self._model, training)
        if why is not None:
            traceback.clear_frames(error.__traceback__)  # who keeps the error keeps no tensors
            raise TooLargeError(f"out of memory {where}: {why}") from error
        self.rows, self._ran_out = rows, where
        return True

    def train_step(self, batch: Batch) -> StepResult:
        """A step of the optimiser with the gradient of the whole batch; or, within a group, this
        batch's part of it."""
        model = self._model
        if self._ran_out:
            release(device_of(model))
            for earlier in batch.earlier:  # the failed try has spoilt the gradient of the group
                _results(model, self._shared(earlier))
        found = joined(_results(model, self._shared(batch)), _sums(model))
        self._tell(batch)
        return found

    def each(
        self, compute: Callable[[Batch], T], batch: Batch, where: str
    ) -> list[tuple[Batch, T]]:
        """What `compute` gives for each piece, where it leaves nothing behind: all of it anew in
        smaller ones where memory runs out."""
        inputs = None
        if self._writes is None:  # the first batch shows it
            inputs = MovingInputs()
            inputs.keep(batch)
        while True:
            try:
                if self.rows is None:
                    done = [(batch, compute(batch))]
                else:
                    done = self._each_piece(compute, batch)
                break
            except Exception as error:
                writes = inputs.look() if inputs is not None else bool(self._writes)
                if not self.shrink(error, batch, where, once=writes):
                    raise
        if inputs is not None:
            self._writes = inputs.look()
        return done

    def _each_piece(self, compute: Callable[[Batch], T], batch: Batch) -> list[tuple[Batch, T]]:
        if self._ran_out:
            release(device_of(self._model))
        done = [(piece, compute(piece)) for piece in self.cut(batch)]
        self._tell(batch)
        return done

    def _shared(self, batch: Batch) -> list[Batch]:
        """The pieces, each with its part of the loss of the batch, or of its group."""
        pieces = self.cut(batch)
        if len(pieces) == 1:
            return pieces
        share_out(pieces, self._model.plan.criterion.counts)
        for piece in pieces:
            piece.opens, piece.closes = piece.opens and batch.opens, piece.closes and batch.closes
            if batch.shares is not None:
                own = cast("list[Any]", piece.shares)
                piece.shares = [a * b for a, b in zip(own, batch.shares, strict=True)]
        return pieces

    def _tell(self, batch: Batch) -> None:
        """One line, once a piece has fitted."""
        if not self._ran_out:
            return
        where, self._ran_out = self._ran_out, ""
        kept = ""
        if torch.is_grad_enabled():
            kept = "; the gradient is that of the whole batch"
            if has_norm(self._model):
                kept += ", and the statistics of its batch norm are those of the pieces"
        say(
            f"out of memory {where}: batches are computed in {number_of(batch.size, self.rows)} "
            f"pieces of at most {self.rows} samples from here on{kept}"
        )


def number_of(size: int, rows: int | None) -> int:
    """In how many pieces a batch is computed: of at most `rows` samples, or of one more where that
    spares a piece of 1, which no batch norm can train on.

    >>> number_of(100, None), number_of(100, 25), number_of(3, 2), number_of(3, 1)
    (1, 4, 1, 3)
    """
    if rows is None or size <= rows:
        return 1
    wanted = -(-size // rows)
    return wanted if rows == 1 else min(wanted, size // 2)


def largest(size: int, rows: int | None) -> int:
    """The samples of the largest piece.

    >>> largest(100, 30), largest(3, 2)
    (25, 3)
    """
    return -(-size // number_of(size, rows))


def smaller(size: int, rows: int | None, least: int = 1) -> int | None:
    """The next limit, about half, that makes the pieces smaller, and not under `least`; None
    where there is none.

    >>> smaller(100, None), smaller(100, 25), smaller(3, None), smaller(3, None, 2)
    (50, 13, 1, None)
    """
    now = largest(size, rows)
    tried = ((now + 1) // 2, least)
    return next((r for r in tried if least <= r < now and largest(size, r) < now), None)


def cut(batch: Batch, count: int) -> list[Batch]:
    """`count` pieces that share the batch's memory, the first of them larger by one where it does
    not divide. What has no row for each sample, as a single number, goes with each piece."""
    parts = (batch.x, batch.y, batch.weight)
    columns = [
        leaf.tensor_split(count) if isinstance(leaf, Tensor) and leaf.ndim else [leaf] * count
        for leaf in leaves(parts)
    ]
    pieces: list[Batch] = []
    for number in range(count):
        x, y, weight = rebuild(parts, [column[number] for column in columns])
        size = batch.size // count + (number < batch.size % count)
        pieces.append(Batch(x, y, weight, size))
    return pieces


def joined(results: list[StepResult], sums: list[bool]) -> StepResult:
    """The result of the whole batch: means with their counts, sums, and the rows of all pieces.

    sums: of each value, whether it is a sum over samples rather than a mean of so many.
    """
    if len(results) == 1:
        return results[0]
    values = list(zip(*(result.values for result in results), strict=True))
    counts = list(zip(*(result.counts for result in results), strict=True))
    means = [
        torch.stack(value).sum() if is_sum else _mean(value, count)
        for value, count, is_sum in zip(values, counts, sums, strict=True)
    ]
    seen = [result.y_pred for result in results]
    y_pred = None if seen[0] is None else concatenate(seen)
    return StepResult(means, [sum(count) for count in counts], y_pred)


def _mean(values: tuple[Tensor, ...], counts: tuple[Any, ...]) -> Tensor:
    """Of values that are means of so many; the last one where none counts, as of penalties."""
    weights = torch.stack([torch.as_tensor(c, device=values[0].device) for c in counts])
    weights = weights.to(values[0].dtype)
    total = weights.sum()
    mean = (torch.stack(values) * weights).sum() / torch.where(total == 0, 1, total)
    return torch.where(total == 0, values[-1], mean)


def has_norm(model: nn.Module) -> bool:
    """Whether a batch norm learns from its batches."""
    return any(isinstance(module, _NORMS) and module.training for module in model.modules())


def release(device: torch.device) -> None:
    """Free what a failed step held, and give what the device's cache keeps in small parts back."""
    gc.collect()
    if device.type != "cpu":
        torch.get_device_module(device).empty_cache()


def _results(model: "Model", pieces: list[Batch]) -> list[StepResult]:
    return [cast(StepResult, model.train_step(piece)) for piece in pieces]


def _sums(model: "Model") -> list[bool]:
    """Of the criterion's terms and the penalties, which are sums."""
    plan = model.plan
    return [term.reduction == "sum" for term in plan.criterion.terms] + [False] * len(
        plan.penalties
    )


def _hindrance(model: "Model", error: BaseException, batch: Batch) -> str | None:
    """Why a step cannot be made again in pieces; None where it can."""
    if model.has_own_step:
        return f"a train_step of your own cannot be cut: {_lower(batch)}"
    if model.plan.wants_closure:
        return f"a step of LBFGS, which sees the batch several times, is not cut: {_lower(batch)}"
    if model.plan.in_backward is not None:
        return (
            "optimizer_in_backward has stepped some weights already, so that the batch cannot be "
            f"computed again in pieces: {_lower(batch)}, or recompute=True"
        )
    frames = traceback.walk_tb(error.__traceback__)
    if any(frame.f_code is update.__code__ for frame, _ in frames):
        return (
            "what the optimizer keeps does not fit beside the weights and their gradients, and "
            "smaller batches would not help: take one that keeps less, or a smaller net"
        )
    return _uncut(batch)


def _uncut(batch: Batch) -> str | None:
    for name, leaf in named_leaves({"x": batch.x, "y": batch.y}, ""):
        if isinstance(leaf, Tensor) and leaf.ndim and len(leaf) != batch.size:
            label = name.replace("['x']", "x", 1).replace("['y']", "y", 1)
            return (
                f"{label} {tuple(leaf.shape)} has no row for each of the {batch.size} samples, so "
                f"the batch cannot be cut: {_lower(batch)}"
            )
    return None


def _too_large(rows: int, batch: Batch, model: "Model", training: bool) -> str:
    what = "a single sample does" if rows == 1 else f"{rows} samples do"
    norm = ", and batch norm cannot train on fewer" if training and rows > 1 else ""
    held = sum(t.nbytes for t in (*model.parameters(), *model.buffers()))
    return (
        f"{what} not fit{norm}, of a batch of {batch.size}, beside {held / 1e6:,.1f} MB of weights "
        f"on {device_of(model)}: take smaller inputs or a smaller net, or "
        'compile(precision="bf16")'
    )


def _lower(batch: Batch) -> str:
    return f"lower batch_size, which is {batch.size} here"
