"""From what `fit` was asked to a run, and what is kept of it."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lampas import optim
from lampas.callbacks import CallbackLike, listeners
from lampas.callbacks.say import say
from lampas.data.batch import Feed
from lampas.data.feed import Source, check_count, make_validation
from lampas.errors import InputError, NotCompiledError
from lampas.explain import check_gradients
from lampas.inputs import EXAMPLE_ROWS, BatchSize, check_data, size_of_batches, source_for
from lampas.past import past_of
from lampas.plan import Plan, dtype_of
from lampas.run import Run, name_of
from lampas.signals import Preempted
from lampas.state.checkpoints import CheckpointLike, as_checkpoints
from lampas.state.facts import facts_of, fingerprints_of
from lampas.state.keeper import Keeper
from lampas.waiting import tell_of_waiting

if TYPE_CHECKING:
    from lampas.model import Model


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of `Model.fit`, which says what they are."""

    x: Any
    y: Any
    batch_size: BatchSize
    epochs: int
    verbose: Literal["auto", 0, 1, 2]
    callbacks: Sequence[CallbackLike] | CallbackLike | None
    validation_split: float
    validation_data: Any
    shuffle: bool
    class_weight: Mapping[int, float] | None
    sample_weight: Any
    initial_epoch: int
    steps_per_epoch: int | None
    validation_steps: int | None
    validation_batch_size: int | None
    validation_freq: int
    checkpoint: CheckpointLike
    every: str | None


@contextmanager
def prepared(model: "Model", plan: Plan, asked: Asked) -> Generator[Run]:
    """The run that was asked for, to be carried out inside; a call that is refused loses nothing
    of the model's past."""
    _check_optimizers(model, plan)
    source, held_out = _sources(model, asked)
    keeper = _keeper(asked)
    size = _size(model, asked.batch_size, source, keeper)
    run = _run(model, asked, source, held_out, size, keeper)
    past, facts = past_of(model), facts_of(run, source, size)
    before, past.history = past.history, run.history
    try:
        if keeper is None:
            yield run
        else:
            facts |= fingerprints_of(model, source)
            with keeper.holding(facts):
                yield run
            if run.preempted is not None:
                raise Preempted(run.preempted, run.stopped, keeper.folder)
        past.origin = facts
        tell_of_waiting(run, source)
    except BaseException:
        if not run.has_trained:
            past.history = before
        raise
    finally:
        source.close()
        if held_out is not None:
            held_out.close()


def _check_optimizers(model: "Model", plan: Plan) -> None:
    if not plan.optimizers and not model.has_own_step:
        raise NotCompiledError(
            "the model was compiled without an optimizer, which suffices to evaluate: call "
            "model.compile(optimizer, loss) to fit"
        )
    for optimizer in plan.optimizers:
        optim.check(optimizer, model)


def _sources(model: "Model", asked: Asked) -> tuple[Source, Source | None]:
    """What is trained on, and what is held out, both checked; the model's past knows of the
    former."""
    source = source_for(model, asked.x, asked.y, asked.sample_weight, asked.class_weight)
    held_out: Source | None = None
    given = [source.rows]  # before the split, so that a message names the row as it was
    if asked.validation_data is not None:
        held_out = make_validation(asked.validation_data, model.plan.device, dtype_of(model))
        given.append(held_out.rows)
    elif asked.validation_split:
        source, held_out = source.split(asked.validation_split)
    check_count("epochs", asked.epochs)
    check_count("initial_epoch", asked.initial_epoch, least=0)
    check_data(model, given)
    if given[0] is not None:
        check_gradients(model, given[0])
    rows, past = source.rows, past_of(model)
    past.columns = None if rows is None else rows.columns
    past.example = None if rows is None else source.first(EXAMPLE_ROWS)
    return source, held_out


def _keeper(asked: Asked) -> Keeper | None:
    if asked.checkpoint is not None:
        return Keeper(as_checkpoints(asked.checkpoint, asked.every))
    if asked.every is not None:
        raise InputError(f"every={asked.every!r} goes with checkpoint=, the folder to write into")
    return None


def _size(model: "Model", asked: BatchSize, source: Source, keeper: Keeper | None) -> int:
    """The size of a batch: a saved run goes on with the one that was found for it."""
    saved = keeper.saved_batch_size() if asked == "auto" and keeper is not None else None
    return size_of_batches(model, asked, source, "fit") if saved is None else saved


def _run(
    model: "Model", asked: Asked, source: Source, held_out: Source | None, batch_size: int,
    keeper: Keeper | None,
) -> Run:  # fmt: skip
    parts = [source.rows] if held_out is None else [source.rows, held_out.rows]
    model.plan.criterion.expect([None if rows is None else rows.y for rows in parts])
    feed = source.feed(
        batch_size,
        shuffle=asked.shuffle,
        steps=asked.steps_per_epoch,
        around=None if keeper is None else keeper.around,
        epochs=asked.epochs - asked.initial_epoch,
    )
    callbacks = listeners(asked.callbacks, asked.verbose)
    _tell_readers(model, callbacks)
    return Run(
        model=model,
        feed=feed,
        epochs=asked.epochs,
        first_epoch=asked.initial_epoch + 1,
        validation=None if held_out is None else _validation(asked, held_out, batch_size),
        validation_freq=asked.validation_freq,
        callbacks=callbacks,
        history=model.history.up_to(asked.initial_epoch),
        keeper=keeper,
    )


def _tell_readers(model: "Model", callbacks: Sequence[CallbackLike]) -> None:
    """One line for callbacks that say that they read gradients, where there are none to read."""
    names = [name_of(one) for one in callbacks if getattr(one, "reads_gradients", False)]
    if names and model.plan.in_backward is not None:
        say(f"optimizer_in_backward: gradients are gone after a step: {', '.join(names)} sees none")


def _validation(asked: Asked, held_out: Source, batch_size: int) -> Feed:
    """Batches of the size asked for; of one that was found to fit; or of a roomier one."""
    check_count("validation_freq", asked.validation_freq)
    size = asked.validation_batch_size
    if size is None:
        size = batch_size if asked.batch_size == "auto" else held_out.roomy(batch_size)
    check_count("validation_batch_size", size)
    times = (asked.epochs - asked.initial_epoch) // asked.validation_freq
    return held_out.validation(size, steps=asked.validation_steps, times=times)
