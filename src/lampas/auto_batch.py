"""`batch_size="auto"`: the largest power of two that fits, found by trying."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import torch

from lampas import randomness
from lampas.callbacks.say import say
from lampas.data.batch import Batch
from lampas.data.feed import Source
from lampas.errors import InputError, NonFiniteError, TooLargeError
from lampas.explain import explain
from lampas.loop import evaluating
from lampas.optim.state import kept
from lampas.pieces import is_out_of_memory, release
from lampas.room import peak_of, room_on
from lampas.step import eval_step, predict_step

if TYPE_CHECKING:
    from lampas.model import Model

Purpose = Literal["fit", "evaluate", "predict"]


def find_batch_size(model: "Model", source: Source, purpose: Purpose) -> int:
    """The largest power of two, up to the number of rows, whose batches fit where the model is.

    Batches of the first 2, 4, 8… rows are tried, until one does not fit or, by what the last two
    took, would not; a CPU's may take half of the memory that is free, an accelerator's nine tenths.
    Weights, buffers, gradients, optimiser and random states are put back, bit for bit: the run is
    the one that the number itself would have started. One line tells it.

    Raises `InputError` for data that are no arrays, and where the system does not tell how much
    memory is free; `TooLargeError` where no batch fits; and what the model raises, explained.
    """
    if source.rows is None:
        raise InputError(
            f"batch_size='auto' tries batches of arrays, and x is a {type(source.x).__name__}: "
            "pass a number"
        )
    room, rows = room_on(source.device), len(source.rows)
    if room is None:
        raise InputError(
            "batch_size='auto' needs to know how much memory is free, which this system does not "
            "tell: pass a number"
        )
    trial, needs, size = _Trial(model, source, purpose), dict[int, int](), min(2, rows)
    while size <= rows and _expected(needs, size) <= room:
        need = trial(size)
        if need is None or need > room:
            break
        needs[size] = need
        size *= 2
    if not needs:
        raise TooLargeError(
            f"batch_size='auto': a batch of {size} does not fit into {_gb(room)} GB on "
            f"{source.device}: take a smaller net, or smaller inputs"
        )
    say(f"batch_size={max(needs)}: {_why(needs, rows, room)}")
    return max(needs)


class _Trial:
    """What a batch of so many rows takes at its peak, in bytes; None where memory runs out."""

    def __init__(self, model: "Model", source: Source, purpose: Purpose) -> None:
        self._model = model
        self._source = source
        self._compute = {"fit": _train, "evaluate": _evaluate, "predict": _predict}[purpose]
        self._around = _as_it_was if purpose == "fit" else evaluating

    def __call__(self, size: int) -> int | None:
        model, device = self._model, self._source.device
        try:
            with self._around(model), _same_numbers(device):
                return peak_of(partial(self._step, size), device)
        except Exception as error:
            if not is_out_of_memory(error):
                raise explain(error, model, self._batch(size), "in a trial of its size") from error
        release(device)
        return None

    def _step(self, size: int) -> None:
        self._compute(self._model, self._batch(size))

    def _batch(self, size: int) -> Batch:
        assert self._source.rows is not None
        first = replace(self._source, rows=self._source.rows.span(0, size))
        return next(iter(first.feed(size, shuffle=False, steps=None)))


def _train(model: "Model", batch: Batch) -> None:
    """The first step makes what the optimiser keeps; the second has it beside all else."""
    model.train()
    for _ in range(2):
        # The run itself will say a loss of nan, or be spared it.
        with suppress(NonFiniteError), model.plan.around_step:
            model.train_step(batch)


@torch.no_grad()
def _evaluate(model: "Model", batch: Batch) -> None:
    eval_step(model, batch)


@torch.no_grad()
def _predict(model: "Model", batch: Batch) -> None:
    predict_step(model, batch)


@contextmanager
def _as_it_was(model: "Model") -> Generator[None]:
    """All that a training step changes is put back."""
    plan = model.plan
    parts = [getattr(term, "function", None) for term in plan.criterion.terms]
    modules = [model, *(part for part in parts if isinstance(part, torch.nn.Module))]
    scaling = plan.scaler.state_dict()
    with kept(modules, plan.optimizers):
        try:
            yield
        finally:
            plan.scaler.load_state_dict(scaling)


@contextmanager
def _same_numbers(device: torch.device) -> Generator[None]:
    states = randomness.take(device)
    try:
        yield
    finally:
        randomness.put(states, device)


def _expected(needs: dict[int, int], size: int) -> int:
    """By those of half and a quarter as many: each sample takes as much as the one before."""
    half, quarter = needs.get(size // 2, 0), needs.get(size // 4)
    return 2 * half if quarter is None else half + 2 * (half - quarter)


def _why(needs: dict[int, int], rows: int, room: int) -> str:
    size = max(needs)
    if 2 * size > rows:
        return (
            f"the largest power of two in {rows} rows, taking {_gb(needs[size])} of {_gb(room)} GB"
        )
    more = _expected(needs, 2 * size)
    took = f"would take {_gb(more)} of {_gb(room)} GB" if more > room else "does not"
    return f"the largest power of two that fits; {2 * size} {took}"


def _gb(size: int) -> str:
    return f"{size / 1e9:,.2g}" if size < 1e10 else f"{size / 1e9:,.0f}"
