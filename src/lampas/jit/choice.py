"""Who takes the steps of a run: the model, or a compiled step, or first one and then the other."""

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from lampas.run import Run

_LEAST = 200
"""Steps of a run that "auto" watches: with fewer nothing is gained but where one takes a minute."""


def choose_stepper(run: "Run") -> None:
    """As `compile` was told. "auto" stays with the model where a run is to give the same bits each
    time, for it goes by the clock: with checkpoints, and with deterministic algorithms."""
    jit = run.model.plan.jit
    if jit is True:
        _compile(run)
    elif jit == "auto" and run.keeper is None:
        total = _steps(run)
        if total >= _LEAST and not torch.are_deterministic_algorithms_enabled():
            from lampas.jit.auto import Auto

            run.auto = Auto(run, total)


def _compile(run: "Run") -> None:
    from lampas.jit.compiled import CompiledStep
    from lampas.jit.evaluation import CompiledEvaluation
    from lampas.jit.reasons import NotCompilableError, tell
    from lampas.jit.sources import at_once

    try:
        run.stepper = CompiledStep(run, at_once)
        run.judge = CompiledEvaluation(run.model, at_once)
    except NotCompilableError as why:
        tell(why)


def _steps(run: "Run") -> int:
    """Of the whole run; 0 where nobody knows."""
    return (run.feed.batches or 0) * (run.epochs - run.first_epoch + 1)
