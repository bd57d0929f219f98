"""Whatever continues a run, as one value; taken and put back here and nowhere else."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lampas import optim, randomness
from lampas.callbacks.base import CallbackLike
from lampas.callbacks.stateful import Stateful
from lampas.data.bookmark import Bookmark
from lampas.errors import ArtifactError
from lampas.memories import forgotten
from lampas.pace import Pace
from lampas.run import Run
from lampas.tally import Tally
from lampas.weights import bare, misfit

if TYPE_CHECKING:
    from lampas.model import Model


@dataclass(frozen=True, slots=True)
class State:
    """A run between two steps of its optimiser.

    `about`: what the run is, to compare with what goes on from here (see `lampas.state.facts`).
    `position`: "epoch", "step" (batches done in it, 0 where the epoch is over), "before" (batches
    of the epochs before), "updates" (optimiser steps in all), "rate", "best" (the best number
    watched and its checkpoint), "finished": whether the run is over, "stopped": why it was to
    stop for good, "pieces": the most samples computed at once, in training and in validation
    (see `Pieces`).
    `weights`: the net's state dict. `buffers`: those that are not in it. `gradients`: of a model
    with a `train_step` of its own, which may add them up over steps.
    `optimizers`, `schedule`, `scaler`, `averaging`, `losses`: their own state dicts.
    `random`: Python's, NumPy's and torch's. `place`: the place in the data, with the random states
    that its order was drawn with, and those of generators that the data keep.
    `sums`: of the losses and metrics of the epoch under way; None between two epochs.
    `callbacks`: what those remember that have `state` and `load_state`, by name.
    `history`: the rows of the epochs that ended. `also`: see `Checkpoints`.
    """

    about: Mapping[str, Any]
    position: Mapping[str, Any]
    weights: Mapping[str, Any]
    buffers: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    optimizers: Mapping[str, Any]
    schedule: Mapping[str, Any] | None
    scaler: Mapping[str, Any]
    averaging: Mapping[str, Tensor] | None
    losses: Mapping[str, Any]
    random: Mapping[str, Any]
    place: Mapping[str, Any]
    sums: Mapping[str, Any] | None
    callbacks: Mapping[str, Any]
    history: list[dict[str, float]]
    also: Mapping[str, Any]

    @property
    def is_finished(self) -> bool:
        """Whether the run is over: nothing follows but for more epochs."""
        return bool(self.position["finished"])

    @property
    def is_inside(self) -> bool:
        """Whether an epoch is under way."""
        return self.sums is not None

    def values(self) -> dict[str, Any]:
        """The fields by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def take(
    run: Run, pace: Pace, bookmark: Bookmark, about: Mapping[str, Any], also: Mapping[str, Any],
    tally: Tally | None, position: Mapping[str, Any],
) -> State:  # fmt: skip
    """The state of `run` now. tally: of the epoch under way; None between two. position: what else
    is said there, such as "finished". The tensors are the run's own: copy them before it goes
    on."""
    model, plan = run.model, run.model.plan
    net = _net(model)
    weights = dict(net.state_dict())
    return State(
        about=about,
        position={
            "epoch": max(run.epoch, run.first_epoch - 1),
            "step": 0 if tally is None else run.step,
            "before": run.steps_before if tally is not None else run.steps_before + run.step,
            "stopped": None if run.pauses else run.stopped,
            "pieces": [run.pieces.rows, run.validation_pieces.rows],
            **position,
            **pace.position(),
        },
        weights=weights,
        buffers=_other_buffers(net, weights),
        gradients=_gradients(model),
        optimizers={name: one.state_dict() for name, one in plan.named_optimizers.items()},
        schedule=None if plan.schedule is None else plan.schedule.state_dict(),
        scaler=plan.scaler.state_dict(),
        averaging=None if plan.averaging is None else plan.averaging.state_dict(),
        losses={name: one.state_dict() for name, one in _losses(model)},
        random=randomness.take(plan.device),
        place=bookmark.place(),
        sums=None if tally is None else tally.state(),
        callbacks={name: one.state() for name, one in stateful(run.callbacks)},
        history=run.history.rows[:],
        also={name: _also_state(one) for name, one in also.items()},
    )


def check(state: State, run: Run) -> str | None:
    """Why `state` is not of a run like `run`, the difference shown; None where it is."""
    model, batches = run.model, run.feed.batches
    if batches is not None and state.position["step"] > batches:
        return f"it stands after step {state.position['step']}, and an epoch has {batches} batches"
    complaint = misfit(state.weights, _net(model).state_dict())
    if complaint is not None:
        return f"the model is another one: {complaint.replace('the file', 'the checkpoint')}"
    named = model.plan.named_optimizers
    if named.keys() != state.optimizers.keys():
        return f"the saved run has the optimizers {[*state.optimizers]}, this one {[*named]}"
    try:
        with _readable():
            for name, one in named.items():
                optim.check_state(one, state.optimizers[name])
    except ArtifactError as error:
        return str(error)
    return None


def put_back(
    state: State, run: Run, pace: Pace, bookmark: Bookmark, also: Mapping[str, Any],
    tally: Tally | None,
) -> list[str]:  # fmt: skip
    """Make `run` stand where `state` was taken; returns why what follows may not be the same.

    Raises `ArtifactError` where the state does not fit.
    """
    model, plan = run.model, run.model.plan
    net, position = _net(model), state.position
    with _readable():
        doubts = _recall_callbacks(state.callbacks, run.callbacks)
        net.load_state_dict(dict(state.weights))
        _fill(dict(net.named_buffers()), state.buffers)
        _set_gradients(model, state.gradients)
        pace.go_to(position, state.schedule, state.averaging)
        for name, one in plan.named_optimizers.items():
            optim.load_state(one, state.optimizers[name])
            optim.lay_out_state(one)
        if state.scaler:
            plan.scaler.load_state_dict(dict(state.scaler))
        for name, one in _losses(model):
            one.load_state_dict(dict(state.losses[name]))
        for name, one in also.items():
            _put_also(one, state.also[name])
        if tally is not None and state.sums is not None:
            tally.load_state(state.sums)
            doubts += _forgetful(model)
        run.step, run.steps_before = int(position["step"]), int(position["before"])
        rows, run.validation_pieces.rows = position.get("pieces", (None, None))
        run.pieces.rows = rows if run.model.plan.in_backward is None else None  # it cuts no batch
        doubts += bookmark.go_to(dict(state.place))
        randomness.put(state.random, plan.device)
    return doubts


def stateful(callbacks: list[CallbackLike]) -> Iterator[tuple[str, Stateful]]:
    """The callbacks that have a memory, named by their classes; the second of a class gets #2."""
    counts: dict[str, int] = {}
    for one in callbacks:
        if isinstance(one, Stateful):
            name = type(one).__name__
            counts[name] = counts.get(name, 0) + 1
            yield name if counts[name] == 1 else f"{name}#{counts[name]}", one


def _recall_callbacks(saved: Mapping[str, Any], callbacks: list[CallbackLike]) -> list[str]:
    here = dict(stateful(callbacks))
    for name, one in here.items():
        if name in saved:
            one.load_state(saved[name])
    new, gone = sorted(here.keys() - saved.keys()), sorted(saved.keys() - here.keys())
    doubts = [f"the callback {name} is new and remembers nothing" for name in new]
    return doubts + [f"the callback {name} of the saved run is not there" for name in gone]


def _forgetful(model: "Model") -> list[str]:
    """The metrics that keep something which no file can hold, such as a deque."""
    found = ((meter.name, forgotten(meter.metric)) for meter in model.plan.meters)
    return [
        f"the metric {name} keeps {', '.join(lost)}, which no checkpoint can hold: in this epoch "
        "it sees the steps from here on alone"
        for name, lost in found
        if lost
    ]


def _net(model: "Model") -> nn.Module:
    """What `Model.save` keeps: the wrapped net, or the model that is a net itself."""
    from lampas.model import Model

    return bare(model.net if type(model) is Model else model)


def _other_buffers(net: nn.Module, weights: Mapping[str, Any]) -> dict[str, Tensor]:
    return {name: one for name, one in net.named_buffers() if name not in weights}


def _gradients(model: "Model") -> dict[str, Tensor]:
    if not model.has_own_step:
        return {}
    named = _net(model).named_parameters()
    return {name: p.grad for name, p in named if p.grad is not None}


def _set_gradients(model: "Model", saved: Mapping[str, Tensor]) -> None:
    if model.has_own_step:
        for name, p in _net(model).named_parameters():
            gradient = saved.get(name)
            p.grad = None if gradient is None else torch.empty_like(p).copy_(gradient)


@torch.no_grad()
def _fill(live: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> None:
    for name, value in saved.items():
        live[name].copy_(value)


def _losses(model: "Model") -> list[tuple[str, nn.Module]]:
    """The losses that are modules, which may learn or keep running numbers."""
    plan = model.plan
    terms = [(term.name, getattr(term, "function", None)) for term in plan.criterion.terms]
    named = [*terms, *plan.named_penalties.items()]
    return [(name, one) for name, one in named if isinstance(one, nn.Module)]


def _also_state(thing: Any) -> Any:
    if randomness.is_generator(thing):
        return randomness.state_of(thing)
    return thing.state_dict()


def _put_also(thing: Any, state: Any) -> None:
    if randomness.is_generator(thing):
        randomness.put_back(thing, state)
    else:
        thing.load_state_dict(state)


@contextmanager
def _readable() -> Generator[None]:
    """What a state that was edited, or is of other code, raises is one line."""
    try:
        yield
    except Exception as error:  # whose load_state_dict it is, and what it raises, nobody knows
        if isinstance(error, ArtifactError):
            raise
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ArtifactError(f"its state does not fit: {type(error).__name__}: {line}") from error
