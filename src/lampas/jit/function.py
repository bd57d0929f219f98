"""The training step as a function of tensors alone: what is traced, and then compiled.

It is `lampas.step.train_step` written without writing: parameters, optimiser state and buffers come
in, and new ones go out. A step whose loss is not finite changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lampas.data.batch import Batch
from lampas.data.nest import leaves
from lampas.jit.batches import filled
from lampas.jit.form import Form
from lampas.jit.slots import Slots
from lampas.jit.updates import Group, States, Update
from lampas.step import StepResult, measure

if TYPE_CHECKING:
    from lampas.model import Model


@dataclass(frozen=True, slots=True)
class Stepped:
    """A parameter that the optimiser steps: where it stands among the slots, the group that it is
    of, and the names of its state."""

    slot: int
    parameter: Tensor
    group: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """All tensors that a step reads, in the order in which the graph takes them."""

    parameters: list[Tensor]
    buffers: list[Tensor]
    states: list[Tensor]
    numbers: list[Tensor]
    sums: list[Tensor]
    shares: list[Tensor]
    batch: list[Tensor]

    def flat(self) -> list[Tensor]:
        """One after the other."""
        return [*self.parameters, *self.buffers, *self.states, *self.numbers, *self.sums,
                *self.shares, *self.batch]  # fmt: skip

    def like(self, tensors: Sequence[Tensor]) -> "Inputs":
        """Others in the same places."""
        supply = iter(tensors)
        parts = (self.parameters, self.buffers, self.states, self.numbers, self.sums, self.shares,
                 self.batch)  # fmt: skip
        return Inputs(*([next(supply) for _ in part] for part in parts))


class NoStateError(Exception):
    """A parameter is to be stepped that has no optimiser state yet: its first step makes it."""


class StepFunction:
    """The step of `model` on batches of the form of `batch`.

    Called with the tensors of `inputs`, it writes the new parameters, optimiser states and sums of
    gradients into them, and returns what `Form` says, which is known after the first call.
    """

    def __init__(
        self, model: "Model", slots: Slots, stepped: list[Stepped], groups: list[Group],
        update: Update, batch: Batch, inputs: Inputs, moving: list[int],
    ) -> None:  # fmt: skip
        self._model, self._slots, self._stepped = model, slots, stepped
        self._groups, self._update = groups, update
        self._batch, self._inputs = batch, inputs
        self._moving = moving  # buffers
        self.form: Form | None = None
        """What the outputs are, once it was called."""

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        given = self._inputs.like(tensors)
        leaf = self._leaves(given.parameters)
        work = [buffer.clone() for buffer in given.buffers]
        with self._slots.holding(leaf, work):
            loss, result = self._forward(given)
            moved = self._moved()
        own = [leaf[one.slot] for one in self._stepped]
        gradients = torch.autograd.grad(loss, own, allow_unused=True)
        with torch.no_grad():
            self._write(given, list(gradients), loss.isfinite())
        return self._outputs(loss.detach(), result, moved, gradients)

    def _leaves(self, parameters: list[Tensor]) -> list[Tensor]:
        """What the graph of the forward pass begins at: parameters that are trained, and others as
        they are."""
        slots = {one.slot for one in self._stepped}
        return [p.detach().requires_grad_() if slot in slots else p.detach()
                for slot, p in enumerate(parameters)]  # fmt: skip

    def _forward(self, given: Inputs) -> tuple[Tensor, StepResult]:
        plan, batch = self._model.plan, self._filled(given)
        with plan.autocast:
            output = self._model(*batch.args, **batch.kwargs)
        return measure(plan, self._model, output, batch)

    def _filled(self, given: Inputs) -> Batch:
        shares = None if self._batch.shares is None else list(given.shares)
        return replace(filled(self._batch, given.batch), shares=shares)

    def _moved(self) -> list[Tensor]:
        now = self._slots.buffers_now()
        return [now[index].detach() for index in self._moving]

    def _write(self, given: Inputs, gradients: list[Tensor | None], ok: Tensor) -> None:
        """Into the tensors that came in, where the loss is finite."""
        if given.sums:
            gradients = self._summed(given.sums, gradients, ok)
        if not self._batch.closes:
            return
        supply = iter(given.states)
        states = [{name: next(supply) for name in one.names} for one in self._stepped]
        everything = zip(self._stepped, self._clipped(gradients), states, strict=True)
        moving = [(one, g, old) for one, g, old in everything if g is not None]
        for number in range(len(self._groups)):
            self._step(given, number, [each for each in moving if each[0].group == number], ok)

    def _step(
        self, given: Inputs, number: int, moving: list[tuple[Stepped, Tensor, States]], ok: Tensor
    ) -> None:
        """Step the parameters of one group that have a gradient."""
        group, update = self._groups[number], self._update
        if any(update.names(group) != one.names for one, _, _ in moving):
            raise NoStateError
        states = [old for _, _, old in moving]
        each = update.numbers_of_each(group, given.numbers[number].unbind(), states)
        for (one, gradient, old), numbers in zip(moving, each, strict=True):
            parameter = given.parameters[one.slot]
            new, after = update.step(group, numbers, parameter, gradient, old)
            _put(parameter, new, ok)
            for name, state in after.items():
                _put(old[name], state, ok)

    def _summed(
        self, sums: list[Tensor], gradients: list[Tensor | None], ok: Tensor
    ) -> list[Tensor | None]:
        """The gradients of the group so far, which the batch that closes it leaves behind too."""
        found: list[Tensor | None] = []
        for total, gradient in zip(sums, gradients, strict=True):
            if gradient is None:
                found.append(None)
                continue
            new = gradient if self._batch.opens else total + gradient
            _put(total, new, ok)
            found.append(new)
        return found

    def _clipped(self, gradients: list[Tensor | None]) -> list[Tensor | None]:
        """As `lampas.optim.clip_`: each element, then the norm of all."""
        plan = self._model.plan
        value, norm = plan.clip_value, plan.clip_norm
        if value is not None:
            gradients = [g if g is None else g.clamp(-value, value) for g in gradients]
        there = [g for g in gradients if g is not None]
        if norm is None or not there:
            return gradients
        total = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in there]))
        factor = (norm / (total + 1e-6)).clamp(max=1.0)
        return [g if g is None else g * factor.to(g.dtype) for g in gradients]

    def _outputs(
        self, loss: Tensor, result: StepResult, moved: list[Tensor], gradients: Sequence[Any]
    ) -> list[Tensor]:
        own = len(result.values) > 1 or self._batch.shares is not None or self._is_weighted
        graded = [i for i, g in enumerate(gradients) if g is not None]
        self.form = Form.of(result, own, self._moving, graded)
        counts = [count.detach() for count in result.counts if isinstance(count, Tensor)]
        shown = [leaf for leaf in leaves(result.y_pred) if isinstance(leaf, Tensor)]
        values = result.values if own else []
        return [loss, *values, *counts, *shown, *moved]

    @property
    def _is_weighted(self) -> bool:
        return any(term.weight != 1.0 for term in self._model.plan.criterion.terms)


def _put(old: Tensor, new: Tensor, ok: Tensor) -> None:
    old.copy_(torch.where(ok, new, old))
