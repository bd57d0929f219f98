"""The training step, compiled: in the place of `Model.train_step`, and with its results."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lampas.data.batch import Batch
from lampas.jit.baked import held
from lampas.jit.batches import form_of, tensors_of
from lampas.jit.form import Form
from lampas.jit.function import Inputs, NoStateError, StepFunction, Stepped
from lampas.jit.reasons import NotCompilableError, line_of, parts_of, tell, why_not
from lampas.jit.slots import Slots
from lampas.jit.sources import Source, Wanted
from lampas.jit.trace import trace
from lampas.jit.updates import Group, Update, update_of
from lampas.moving import Moving
from lampas.step import StepResult, measure

if TYPE_CHECKING:
    from lampas.run import Run


@dataclass(frozen=True, slots=True)
class _Graph:
    """What runs one form of batch."""

    call: Callable[..., Sequence[Tensor]]
    constants: list[Tensor]
    form: Form
    moved: list[Tensor]  # the model's own buffers that are written


_MOST_CHANGES = 20
"""So often graphs are made anew because the model was changed between steps."""


class CompiledStep:
    """Takes the steps of `run` by graphs, one for each form of batch, and leaves the model, its
    buffers and the optimiser as `Model.train_step` would: they are read and written in place.
    `taken`: how many.

    source: compiles, now or later; until it has, steps are made by hand.

    A step that raises, or whose loss is not finite, has changed nothing; it is made again by
    `Model.train_step`, which says what is wrong.
    """

    def __init__(self, run: "Run", source: Source) -> None:
        self._run, self._model, self._source = run, run.model, source
        self._waiting: dict[Any, Wanted] = {}
        self.taken = 0
        self._shape: Any = None
        self._changes = 0
        self._graphs: dict[Any, _Graph] = {}
        self._sums: list[Tensor] = []
        self._look()

    def look_again(self) -> None:
        """Before the next step: something may have changed."""
        self._is_stale = True

    @property
    def graphs(self) -> int:
        """How many forms of batch have a graph."""
        return len(self._graphs)

    def look(self) -> None:
        """Take in what may have changed since the last step but numbers: which tensors there are,
        what is frozen, modes, options, hooks. Where graphs depend on it, they are made anew; where
        it cannot be compiled, the model takes the steps from here on."""
        try:
            self._look()
        except NotCompilableError as why:
            self._give_up(str(why))

    def _look(self) -> None:
        parts = parts_of(self._model)
        slots = self._slots = Slots(parts)
        shape = self._shape_now(parts)
        if shape != self._shape:
            why = why_not(self._model)
            if why is None and self._changes == _MOST_CHANGES:
                why = "the model, or an attribute of it, is changed again and again between steps"
            if why is not None:
                raise NotCompilableError(why)
            self._changes += 1
            self._graphs, self._waiting, self._shape = {}, {}, shape
        self._is_stale = False
        (self._optimizer,) = self._model.plan.optimizers
        self._update = _update(self._optimizer)
        self._groups: list[Group] = self._optimizer.param_groups
        self._stepped = _stepped(slots, self._optimizer, self._update)
        self._numbers = [torch.zeros(len(self._update.numbers(g)), dtype=torch.float64)
                         for g in self._groups]  # fmt: skip
        self._held: list[tuple[float, ...]] = [() for _ in self._groups]
        self._sums = self._ready_sums()
        if not self._sums:  # or a group of batches under way would lose what it has
            for one in self._stepped:
                one.parameter.grad = None  # what an earlier step left
        self._static = self._inputs(Batch(None, None, None, 0)).flat()
        for graph in self._graphs.values():
            graph.moved[:] = [slots.buffers[index] for index in graph.form.moved]
            self._show_gradients(graph.form)

    def _shape_now(self, parts: Sequence[nn.Module]) -> Any:
        """All that graphs depend on but the forms of batches."""
        plan = self._model.plan
        modes = [held(part) for part in parts]
        tensors = tuple((id(p), p.requires_grad, p.shape) for p in self._slots.parameters)
        groups = [(_update(o).shape(g), tuple(map(id, g["params"])))
                  for o in plan.optimizers for g in o.param_groups]  # fmt: skip
        return modes, tensors, groups, torch.get_num_threads(), torch.get_default_dtype()

    def train_step(self, batch: Batch) -> StepResult | Any:
        """One step: what `Model.train_step` returns."""
        key = form_of(batch)
        if self._is_stale and key in self._graphs:
            self.look()
            if self._run.stepper is not self:
                return self._model.train_step(batch)
        graph = self._graphs.get(key) or self._graph(key, batch)
        if graph is None:
            return self._by_hand(batch)
        self._read_numbers()
        try:
            outputs = graph.call(*self._static, *self._of_batch(batch), *graph.constants)
        except Exception as error:
            return self._after(error, batch)
        if not math.isfinite(outputs[0].item()):
            return self._by_hand(batch)
        self.taken += 1
        form = graph.form
        if form.moved:
            torch._foreach_copy_(graph.moved, list(form.buffers(outputs)))  # pyright: ignore
        return form.read(outputs)

    def _read_numbers(self) -> None:
        """The learning rate and its like, as the groups have them now."""
        for index, group in enumerate(self._groups):
            numbers = self._update.numbers(group)
            if numbers != self._held[index]:
                self._held[index] = numbers
                self._numbers[index].copy_(torch.tensor(numbers, dtype=torch.float64))

    def _of_batch(self, batch: Batch) -> list[Tensor]:
        if batch.shares is None and isinstance(batch.x, Tensor) and isinstance(batch.y, Tensor):
            return [batch.x, batch.y] if batch.weight is None else [batch.x, batch.y, batch.weight]
        return [*_shares(batch), *tensors_of(batch)]

    def _inputs(self, batch: Batch) -> Inputs:
        return Inputs(
            parameters=[p.detach() for p in self._slots.parameters],
            buffers=self._slots.buffers,
            states=_states(self._optimizer, self._stepped),
            numbers=self._numbers,
            sums=self._sums,
            shares=_shares(batch),
            batch=tensors_of(batch),
        )

    def _ready_sums(self) -> list[Tensor]:
        """Where gradients are written: those of a group of batches are added up there, and
        callbacks may ask for them as each parameter's `grad`."""
        if self._model.plan.accumulate == 1 and not self._run.wants_gradients:
            return []
        return [_gradient(one.parameter) for one in self._stepped]

    def _graph(self, key: Any, batch: Batch) -> _Graph | None:
        """The graph for a new form of batch; None where this step is to be made by hand."""
        if any(self._update.names(group) for group in self._groups) and not self._optimizer.state:
            return None  # the optimiser makes its state in its first step
        try:
            waiting = self._waiting.get(key)
            if waiting is None:
                self._freshen()
                waiting = self._waiting[key] = self._traced(batch)
            call = self._source(waiting)
            if call is None:
                return None
            self._freshen()
            if self._waiting.pop(key, None) is not waiting:
                return None  # the model has changed since
        except NoStateError:
            return None
        except NotCompilableError as why:
            self._give_up(str(why))
            return None
        moved = [self._slots.buffers[index] for index in waiting.traced.form.moved]
        graph = _Graph(call, waiting.traced.constants, waiting.traced.form, moved)
        self._graphs[key] = graph
        self._show_gradients(graph.form)
        return graph

    def _freshen(self) -> None:
        """After steps by hand."""
        if self._is_stale:
            self._look()

    def _traced(self, batch: Batch) -> Wanted:
        inputs = self._inputs(batch)
        self._read_numbers()
        moving = self._rehearse(batch)
        function = StepFunction(
            self._model, self._slots, self._stepped, self._groups, self._update, batch, inputs,
            moving,
        )  # fmt: skip
        try:
            return Wanted(trace(self._model, function, inputs.flat()), inputs.flat())
        except (NotCompilableError, NoStateError):
            raise
        except Exception as error:  # by hand it went well
            raise NotCompilableError(f"it cannot be traced: {line_of(error)}") from error

    def _rehearse(self, batch: Batch) -> list[int]:
        """Forward and loss once, as they are: what is looked at, made or checked the first time
        is not to be in the graph. Returns which buffers it moved, and puts them back. Raises what
        is wrong with the batch."""
        plan, before = self._model.plan, Moving(self._model)
        buffers = [buffer.clone() for buffer in self._slots.buffers]
        before.keep(batch)
        try:
            with plan.autocast:
                output = self._model(*batch.args, **batch.kwargs)
            measure(plan, self._model, output, batch)
            return self._slots.moving(buffers)
        finally:
            before.put_back()

    def _show_gradients(self, form: Form) -> None:
        if self._sums:
            for index in form.graded:
                self._stepped[index].parameter.grad = self._sums[index]

    def _by_hand(self, batch: Batch) -> Any:
        """This step by the model, which says what is wrong with it."""
        before = self._run.before
        if before.is_busy and batch.opens:
            before.keep(batch)
        self._is_stale = True  # it makes gradients of its own, and perhaps state
        return self._model.train_step(batch)

    def _after(self, error: Exception, batch: Batch) -> Any:
        """By hand; where that goes well, graphs are at fault."""
        result = self._by_hand(batch)
        self._give_up(line_of(error))
        return result

    def _give_up(self, why: str) -> None:
        self._run.step_by_hand()
        tell(why)


def _update(optimizer: torch.optim.Optimizer) -> Update:
    update = update_of(optimizer)
    if isinstance(update, str):
        raise NotCompilableError(update)
    return update


def _stepped(slots: Slots, optimizer: torch.optim.Optimizer, update: Update) -> list[Stepped]:
    places = {id(parameter): slot for slot, parameter in enumerate(slots.parameters)}
    return [
        Stepped(places[id(p)], p, number, update.names(group) if optimizer.state.get(p) else ())
        for number, group in enumerate(optimizer.param_groups)
        for p in group["params"]
        if p.requires_grad
    ]  # fmt: skip


def _states(optimizer: torch.optim.Optimizer, stepped: list[Stepped]) -> list[Tensor]:
    return [optimizer.state[one.parameter][name] for one in stepped for name in one.names]


def _gradient(parameter: Tensor) -> Tensor:
    old = parameter.grad
    if old is not None and old.layout == torch.strided and old.stride() == parameter.stride():
        return old.detach()
    new = torch.zeros_like(parameter)
    return new if old is None else new.copy_(old)


def _shares(batch: Batch) -> list[Tensor]:
    return [_number(share) for share in batch.shares or ()]


def _number(share: Any) -> Tensor:
    return share if isinstance(share, Tensor) else torch.tensor(float(share), dtype=torch.float64)
