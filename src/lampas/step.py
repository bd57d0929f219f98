"""The training step: the only `backward()` and the only `optimizer.step()` of the project."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from lampas import optim
from lampas.backward import backward
from lampas.data.batch import Batch
from lampas.errors import NonFiniteError
from lampas.term import Count

if TYPE_CHECKING:
    from lampas.model import Model
    from lampas.plan import Plan


@dataclass(slots=True)
class StepResult:
    """What a step leaves for the epoch's sums: tensors on the device, nothing looked at.

    `values`: the value of each loss, 0-d; `counts`: how many samples each is a mean of.
    `y_pred`: what the metrics see.
    """

    values: list[torch.Tensor]
    counts: list[Count]
    y_pred: Any


def train_step(model: "Model", batch: Batch) -> StepResult:
    """Zero, forward, loss, backward, clip, step."""
    plan = model.plan
    if plan.wants_closure:
        return _closure_step(model, batch)
    if batch.opens:
        for parameter in plan.parameters:
            parameter.grad = None  # `zero_grad()`, less the 5 µs of its entry for the profiler

    with plan.autocast:
        output = model(*batch.args, **batch.kwargs)
    loss, result = measure(plan, model, output, batch)
    _guard(loss)
    with plan.around_backward:
        backward(plan.scaler.scale(loss))

    if batch.closes:
        update(plan)
    return result


def measure(
    plan: "Plan", model: "Model", output: Any, batch: Batch
) -> tuple[torch.Tensor, StepResult]:
    """The loss to differentiate, in float32 whatever the forward pass ran in, and its parts."""
    loss, values, counts = plan.criterion(plan.in_float32(output), batch)
    for penalty in plan.penalties:
        value = penalty(model)
        loss = loss + value if batch.closes else loss  # once for each optimiser step
        values.append(value)
        counts.append(int(batch.closes))
    return loss, StepResult([v.detach() for v in values], counts, plan.prediction(output))


def eval_step(model: "Model", batch: Batch) -> StepResult:
    """Forward and loss of one batch, from which nothing is learnt."""
    plan = model.plan
    with plan.autocast:
        output = model(*batch.args, **batch.kwargs)
    return judge(plan, output, batch)


def judge(plan: "Plan", output: Any, batch: Batch) -> StepResult:
    """The losses of an output, and what the metrics see of it."""
    _, values, counts = plan.criterion(plan.in_float32(output), batch)
    return StepResult(values, counts, plan.prediction(output))


def predict_step(model: "Model", batch: Batch) -> Any:
    """Forward alone; of a model that computes its own loss, what the metrics see."""
    if not model.is_compiled:
        return model(*batch.args, **batch.kwargs)
    plan = model.plan
    with plan.autocast:
        output = model(*batch.args, **batch.kwargs)
    return plan.shown(output)


def _guard(loss: torch.Tensor) -> None:
    """Stop before a non-finite loss reaches the weights.

    A loss on the CPU is in the host's memory already: reading it waits for nothing. On other
    devices the epoch's sums find it when somebody looks.
    """
    if loss.device.type == "cpu" and not math.isfinite(value := loss.item()):
        raise NonFiniteError(f"the loss is {value}")


def update(plan: "Plan") -> None:
    """Clip and step."""
    if plan.clips:
        for optimizer in plan.optimizers:
            plan.scaler.unscale_(optimizer)
        optim.clip_(plan.parameters, plan.clip_norm, plan.clip_value)
    for step in plan.steps:
        step()
    plan.scaler.update()


Owner = tuple[torch.optim.Optimizer, dict[str, Any], Callable[[], Any]]
"""An optimizer, its group that has a parameter, and its step."""


def update_one(plan: "Plan", parameter: nn.Parameter, owners: list[Owner]) -> None:
    """Clip and step one parameter within the backward pass, and let its gradient go."""
    if plan.clip_value is not None:
        optim.clip_([parameter], value=plan.clip_value)
    for optimizer, group, step in owners:
        with optim.alone(optimizer, group, parameter):
            step()
    parameter.grad = None


def _closure_step(model: "Model", batch: Batch) -> StepResult:
    """A step of L-BFGS, which evaluates loss and gradient as often as it likes."""
    plan = model.plan
    (optimizer,) = plan.optimizers
    first: list[StepResult] = []

    def evaluate() -> torch.Tensor:
        optimizer.zero_grad()
        with plan.autocast:
            output = model(*batch.args, **batch.kwargs)
        loss, result = measure(plan, model, output, batch)
        _guard(loss)
        loss.backward()
        if plan.clips:
            optim.clip_(plan.parameters, plan.clip_norm, plan.clip_value)
        first.append(result)
        return loss

    optimizer.step(evaluate)  # pyright: ignore  # torch's hint says float, its docs a tensor
    return first[0]
