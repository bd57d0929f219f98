"""The validation of a run whose steps are compiled, compiled as well."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from lampas.data.batch import Batch
from lampas.data.nest import leaves
from lampas.jit.baked import held
from lampas.jit.batches import filled, form_of, tensors_of
from lampas.jit.form import Form
from lampas.jit.reasons import NotCompilableError, line_of, parts_of, why_not
from lampas.jit.slots import Slots
from lampas.jit.sources import Compiled, Source, Wanted
from lampas.jit.trace import Traced, trace
from lampas.step import StepResult, eval_step

if TYPE_CHECKING:
    from lampas.model import Model


class EvalFunction:
    """`lampas.step.eval_step` on batches of the form of `batch`, as a function of parameters,
    buffers and the tensors of a batch."""

    def __init__(self, model: "Model", slots: Slots, batch: Batch) -> None:
        self._model, self._slots, self._batch = model, slots, batch
        self.form: Form | None = None
        """What the outputs are, once it was called."""

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        ends = len(self._slots.parameters), len(self._slots.parameters) + len(self._slots.buffers)
        with self._slots.holding(tensors[: ends[0]], tensors[ends[0] : ends[1]]):
            result = eval_step(self._model, filled(self._batch, tensors[ends[1] :]))
        several = len(result.values) > 1
        self.form = Form.of(result, several, [], [])
        counts = [count for count in result.counts if isinstance(count, Tensor)]
        shown = [leaf for leaf in leaves(result.y_pred) if isinstance(leaf, Tensor)]
        return [result.values[0], *(result.values if several else []), *counts, *shown]


class CompiledEvaluation:
    """In the place of `eval_step`, and with its results: a graph for each form of batch.

    source: compiles, now or later. What has no graph, or raises in one, is done by hand, which says
    what is wrong; where nothing can be compiled everything is, and no line says so: it is faster
    steps that were asked for, and these are told.
    """

    def __init__(self, model: "Model", source: Source) -> None:
        self._model, self._source = model, source
        self._graphs: dict[Any, tuple[Compiled, Traced]] = {}
        self._waiting: dict[Any, Wanted] = {}
        self._shape: Any = None
        self._is_stale, self._is_off = True, False

    def look_again(self) -> None:
        """Before a validation: weights were trained, and others may stand in their places."""
        self._is_stale = True

    def __call__(self, batch: Batch) -> StepResult:
        """What `eval_step` returns; within evaluation mode, and without gradients."""
        if self._is_off:
            return eval_step(self._model, batch)
        try:
            graph = self._graph(batch)
            if graph is None:
                return eval_step(self._model, batch)
            call, traced = graph
            outputs = call(*self._static, *tensors_of(batch), *traced.constants)
        except Exception:
            found = eval_step(self._model, batch)  # what is wrong with the data is raised here
            self._is_off = True
            return found
        return traced.form.read(outputs)

    def _graph(self, batch: Batch) -> tuple[Compiled, Traced] | None:
        if self._is_stale:
            self._look()
        key = form_of(batch)
        found = self._graphs.get(key)
        if found is None:
            if key not in self._waiting:
                self._waiting[key] = self._traced(batch)
            call = self._source(self._waiting[key])
            if call is not None:
                found = self._graphs[key] = call, self._waiting.pop(key).traced
        return found

    def _look(self) -> None:
        parts = parts_of(self._model)
        slots = self._slots = Slots(parts)
        shape = self._shape_now(parts)
        if shape != self._shape:
            why = why_not(self._model)
            if why is not None:
                raise NotCompilableError(why)
            self._graphs, self._waiting, self._shape = {}, {}, shape
        self._static = [*(p.detach() for p in slots.parameters), *slots.buffers]
        self._is_stale = False

    def _shape_now(self, parts: Sequence[nn.Module]) -> Any:
        """All that graphs depend on but the forms of batches."""
        tensors = [(one.shape, one.stride(), one.dtype)
                   for one in (*self._slots.parameters, *self._slots.buffers)]  # fmt: skip
        return [held(part) for part in parts], tensors

    def _traced(self, batch: Batch) -> Wanted:
        """Once as it is, so that what is looked at or made the first time is not in the graph."""
        before = [buffer.clone() for buffer in self._slots.buffers]
        eval_step(self._model, batch)
        if self._slots.moving(before):
            raise NotCompilableError("the net changes its buffers while it is evaluated")
        inputs = [*self._static, *tensors_of(batch)]
        function = EvalFunction(self._model, self._slots, batch)
        try:
            return Wanted(trace(self._model, function, inputs), inputs)
        except NotCompilableError:
            raise
        except Exception as error:  # by hand it went well
            raise NotCompilableError(f"it cannot be traced: {line_of(error)}") from error
