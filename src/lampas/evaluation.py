"""Exact losses and metrics over all samples, whatever the batches they come in."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from lampas.data.batch import Batch
from lampas.data.nest import held_bytes, nbytes
from lampas.explain import raise_explained
from lampas.forward import forward_of
from lampas.pieces import Pieces
from lampas.plan import Plan
from lampas.step import StepResult, judge
from lampas.tally import KEEP_BATCHES, KEEP_BYTES, Tally

if TYPE_CHECKING:
    from lampas.model import Model

WHERE = "in evaluation"


class Evaluation:
    """The sums of one evaluation.

    The first batch is judged alone, with all that is checked of it, and in pieces where memory runs
    out. Where the loss of many samples is the mean of what the batches of these samples have, and
    the metrics see rows, outputs and targets of further ones wait, and are judged some at a time:
    that spares most calls but those of the net, and changes no result but in its last bits.

    pieces: of earlier evaluations, which know whether memory ran out. judge: in the place of
    `eval_step`, of each batch.
    """

    def __init__(
        self, model: "Model", pieces: Pieces, judge: Callable[[Batch], StepResult] | None
    ) -> None:
        self._model, self._plan, self._pieces = model, model.plan, pieces
        self._forward = forward_of(model)
        self._step = judge or self._by_hand
        self._may_wait = judge is None and _sees_rows(model.plan)
        self._waits = False
        self.is_empty = True
        self._waiting: list[tuple[Any, Batch]] = []
        self._bytes = 0
        self._tally = Tally(model.plan)

    def add(self, batch: Batch) -> None:
        """Take in a batch. Raises what is wrong with it, or with one that waited, explained."""
        step = self._forward if self._waits else self._step
        try:
            done = self._pieces.each(step, batch, WHERE)
        except Exception as error:
            raise_explained(error, self._model, batch, WHERE)
        for piece, found in done:
            if self._waits:
                self._keep(found, piece)
            else:
                self._tally.add(found, piece)
        self._waits, self.is_empty = self._may_wait, False

    def results(self) -> dict[str, float]:
        """All losses and metrics by name. This looks: it waits for the device."""
        self._judge()
        return self._tally.results()

    def _by_hand(self, batch: Batch) -> StepResult:
        return judge(self._plan, self._forward(batch), batch)

    def _keep(self, output: Any, batch: Batch) -> None:
        self._waiting.append((output, Batch(None, batch.y, batch.weight, batch.size)))
        self._bytes += held_bytes(output) + nbytes(batch.y)  # targets are views of one chunk
        if len(self._waiting) == KEEP_BATCHES or self._bytes >= KEEP_BYTES:
            self._judge()

    def _judge(self) -> None:
        """What waits: all of it at once, or, where that cannot be, each batch, which says why."""
        kept, self._waiting, self._bytes = self._waiting, [], 0
        if not kept:
            return
        whole = joined(kept)
        if whole is not None:
            try:
                result = judge(self._plan, *whole)
            except Exception:
                whole = None
            else:
                self._tally.add(result, whole[1])
        if whole is None:
            for output, batch in kept:
                self._tally.add(self._judged(output, batch), batch)

    def _judged(self, output: Any, batch: Batch) -> StepResult:
        try:
            return judge(self._plan, output, batch)
        except Exception as error:
            raise_explained(error, self._model, batch, WHERE)


def _sees_rows(plan: Plan) -> bool:
    """Whether losses and metrics are the same however samples are cut into batches."""
    return plan.criterion.is_mean_of_rows and not any(meter.per_batch for meter in plan.meters)


def joined(kept: list[tuple[Any, Batch]]) -> tuple[Any, Batch] | None:
    """The outputs and the batches as one; None where they are no rows of one shape.

    >>> x, y = torch.zeros(2, 3), torch.ones(2, 1)
    >>> output, batch = joined([(x, Batch(None, y, None, 2)), (x, Batch(None, y, None, 2))])
    >>> output.shape, batch.y.shape, batch.size
    (torch.Size([4, 3]), torch.Size([4, 1]), 4)
    """
    if len(kept) == 1:
        return kept[0]
    outputs, batches = [output for output, _ in kept], [batch for _, batch in kept]
    columns = [outputs, [batch.y for batch in batches]]
    if any(batch.weight is not None for batch in batches):
        columns.append([batch.weight for batch in batches])
    sizes = [batch.size for batch in batches]
    try:
        if any([rows.shape[0] for rows in column] != sizes for column in columns):
            return None
        output, y, *weights = map(torch.cat, columns)
    except (AttributeError, IndexError, TypeError, RuntimeError):  # other things than rows
        return None
    return output, Batch(None, y, weights[0] if weights else None, sum(sizes))
