"""The loop over epochs and batches. Nothing in it looks at a number before somebody asks."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch

from lampas.data.batch import Batch, Feed
from lampas.data.nest import concatenate
from lampas.data.wrap import grouped
from lampas.errors import DataError, NonFiniteError
from lampas.evaluation import Evaluation
from lampas.explain import explain, non_finite, raise_explained
from lampas.forward import predictor_of
from lampas.freed import keep_freed_memory
from lampas.history import History
from lampas.jit.choice import choose_stepper
from lampas.modes import evaluating, put_in, restore_modes, training_modes
from lampas.moving import Moving
from lampas.pace import Pace
from lampas.pieces import Pieces
from lampas.run import Run
from lampas.signals import stopping
from lampas.step import StepResult
from lampas.tally import Tally

if TYPE_CHECKING:
    from lampas.model import Model


def fit(run: Run) -> History:
    """Train for the epochs of `run`; ends early, and cleanly, on a `Stop` or Ctrl-C."""
    plan = run.model.plan
    modes = training_modes(run.model)
    pace = Pace(run)
    keep_freed_memory()
    with stopping(run):
        try:
            plan.is_fitting = True
            if run.keeper is not None:
                run.keeper.find(run)
            run.tell("fit_begin")
            _begin(run, pace)
            choose_stepper(run)
            for epoch in range(run.first_epoch, run.epochs + 1):
                if run.stopped is None:
                    run.begin(epoch)
                    tally = train_epoch(run, pace)
                    if tally is not None:
                        _end_epoch(run, pace, tally)
        except BaseException as error:
            run.error = error
            raise
        finally:
            plan.is_fitting = False
            run.end_steps()
            pace.finish()
            run.history.stopped = run.stopped
            restore_modes(modes)
            run.tell_end()
    if run.keeper is not None:
        run.keeper.end()
    return run.history


def _begin(run: Run, pace: Pace) -> None:
    """At the beginning, or where the run that was cut off had come to."""
    if run.keeper is None:
        pace.begin()
    else:
        run.keeper.resume(pace)


def _end_epoch(run: Run, pace: Pace, tally: Tally) -> None:
    """Validate, write the row, tell: with the averaged weights where there are some."""
    keeper, row = run.keeper, {"epoch": float(run.epoch), **tally.results(), **pace.record()}
    validates = run.validation is not None and run.epoch % run.validation_freq == 0
    breaks: Run | None = run  # whose stop breaks the epoch's end off
    if keeper is not None:
        breaks = keeper.hold(tally) if validates else None
    with pace.averaged():
        if validates:
            row |= _validate(run, breaks)
        is_whole = breaks is None or breaks.stopped is None
        if is_whole:
            run.history.append(row)
            run.tell("epoch_end", row)
    pace.after_epoch()
    if keeper is not None:
        keeper.let_go()
        if is_whole:
            keeper.after_epoch(row)


@torch.no_grad()
def _validate(run: Run, breaks: Run | None) -> dict[str, float]:
    assert run.validation is not None
    run.tell("validation_begin")
    judge = run.judge
    if judge is not None:
        judge.look_again()
    found = _evaluate(run.model, run.validation, breaks, run.validation_pieces, judge)
    return {f"val_{name}": value for name, value in found.items()}


def train_epoch(run: Run, pace: Pace) -> Tally | None:
    """One pass over the data: the sums of its losses and metrics; None where it was cut short."""
    model, plan, keeper = run.model, run.model.plan, run.keeper
    put_in(model, training=True)
    plan.begin()
    tally = Tally(plan)
    batches = run.feed if keeper is None else keeper.enter(tally)
    run.before, pieces = Moving(model), run.pieces
    if run.stepper is not model:
        run.stepper.look_again()
    if run.auto is not None:
        run.auto.begin_epoch()
    if plan.accumulate > 1:
        batches = grouped(batches, plan.accumulate, plan.criterion.counts)
    for batch in run.watched(batches):
        if run.before.is_busy and batch.opens and run.stepper is model:
            run.before.keep(batch)
        while True:
            try:
                with plan.around_step:
                    result = (pieces if pieces.rows else run.stepper).train_step(batch)
                break
            except Exception as error:
                run.before.put_back()
                if pieces.shrink(error, batch, run.where, once=run.before.has_written_inputs):
                    continue  # and so out of here: the error holds the tensors of the step
                known = _explained(run, error, batch)
                if known is None:
                    return None
                if known is error:
                    raise
                raise known from error
        tally.add(result, batch)
        if pace.is_busy and batch.closes:
            pace.after_step()
        run.step += 1
        if run.auto is not None:
            run.auto.after_step()
        if run.is_watched:
            run.listen(tally)
        if keeper is not None and batch.closes:
            keeper.after_step(tally)
        if run.stopped is not None and (keeper is None or batch.closes):
            return None
        del batch
    if run.stopped is not None:  # before the batch that was waited for
        if keeper is not None:
            keeper.after_step(tally)
        return None
    if run.auto is not None:
        run.auto.end_epoch()
    if run.step == 0:
        raise DataError("the data holds no batch: it is empty")
    return tally if _is_finite(run, tally) else None


def _is_finite(run: Run, tally: Tally) -> bool:
    try:
        tally.losses.check_finite()
    except NonFiniteError as error:
        known = _explained(run, error, None)
        if known is None:
            return False
        raise known from None
    return True


def _explained(run: Run, error: Exception, batch: Batch | None) -> Exception | None:
    """The error to raise for one of a step; None where a callback answered it with a `Stop`."""
    if isinstance(error, NonFiniteError):
        run.tell("non_finite")
        return non_finite(error, run.model, batch, run.where) if run.stopped is None else None
    return error if batch is None else explain(error, run.model, batch, run.where)


@torch.no_grad()
def evaluate(model: "Model", feed: Feed) -> dict[str, float]:
    """Exact losses and metrics over all samples of `feed`, whatever its batches."""
    if model.plan.is_fitting:  # asked by a callback
        with model.plan.metrics_aside():
            return _evaluate(model, feed, None)
    return _evaluate(model, feed, None)


def _evaluate(
    model: "Model", feed: Feed, run: Run | None, pieces: Pieces | None = None,
    judge: Callable[[Batch], StepResult] | None = None,
) -> dict[str, float]:  # fmt: skip
    """run: whose stop breaks it off, if any does. pieces, judge: see `Evaluation`."""
    pieces = Pieces(model) if pieces is None else pieces
    with evaluating(model):
        evaluation = Evaluation(model, pieces, judge)
        for batch in feed:
            evaluation.add(batch)
            del batch  # before the next one is made, which gets its memory
            if run is not None and run.stopped is not None:
                break
        if evaluation.is_empty:
            raise DataError("the data to evaluate holds no batch: it is empty")
        return evaluation.results()


def predict(model: "Model", feed: Feed) -> Iterator[Any]:
    """The outputs for each batch of `feed`, in its order, on the CPU."""
    pieces, predictor = Pieces(model), predictor_of(model)
    with evaluating(model):
        for batch in feed:
            try:
                # Not around the loop: a generator must not leave its caller without gradients.
                with torch.no_grad() if torch.is_grad_enabled() else nullcontext():
                    done = pieces.each(predictor, batch, "in prediction")
            except Exception as error:
                raise_explained(error, model, batch, "in prediction")
            del batch  # before the next one is made, which gets its memory
            output = concatenate([output for _, output in done])
            del done
            yield output
