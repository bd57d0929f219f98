"""`jit="auto"`: steps are compiled where this very run is long enough to gain by it.

The first steps are timed. Where what is left of the run would be shorter by clearly more than
compiling costs, another process compiles while the run goes on by hand, and graphs take over
between two steps. They are timed as well: where they are no faster, the model takes its steps
again.
"""

import math
import sys
import time
from typing import TYPE_CHECKING

import torch

from lampas.callbacks.say import say
from lampas.cores import usable_cores
from lampas.jit.compiled import CompiledStep
from lampas.jit.evaluation import CompiledEvaluation
from lampas.jit.known import is_known, remember, saved_before
from lampas.jit.reasons import NotCompilableError, tell
from lampas.jit.sources import Later

if TYPE_CHECKING:
    from lampas.run import Run

_WARM = 10  # steps that are not timed: the first are slower
_SMALL = 2e-3  # seconds of a step that is mostly calls, not arithmetic
_SAVED = {True: 0.6, False: 0.15}
"""The share of a step that is saved: of small ones, and of others, where no run has measured it."""
_COST = 3.0  # seconds that the run stands still: torch's compiler is imported, a step traced
_TRACING = 0.7  # seconds of it, in a process that has the compiler
_COMPILING = 15.0  # seconds until a new graph is there; what is left of the run then counts
_MARGIN = {True: 1.2, False: 1.5}  # where the cache has the graphs, and where nothing is known
_LOOK = 0.1  # seconds between two looks
_TRIAL = 0.5  # seconds of compiled steps that are timed


class Auto:
    """Watches the run of `total` steps, and has them compiled when that pays."""

    def __init__(self, run: "Run", total: int) -> None:
        self._run, self._total = run, total
        self._done: int = 0
        self._next: float = _WARM
        self._clock = _Clock(run)
        self._by_hand = 0.0  # seconds a step
        self._graphs = 0
        self._step: CompiledStep | None = None
        self._later = Later()

    def begin_epoch(self) -> None:
        """Before the first step of an epoch: what came before is not timed."""
        self._clock.begin(self._done)

    def end_epoch(self) -> None:
        """After the last step of an epoch."""
        self._clock.look(self._done)

    def after_step(self) -> None:
        """After each step; mostly it only counts."""
        self._done += 1
        if self._done >= self._next:
            self._clock.look(self._done)
            pace = self._clock.pace
            self._next = self._done + (max(1, int(_LOOK / pace)) if pace else 1)
            if self._done == _WARM:
                self._clock.reset(self._done)
            elif self._step is None:
                self._judge(pace)
            else:
                self._try(self._step, pace)

    def _judge(self, pace: float) -> None:
        """Whether what is left is worth it, once that is known."""
        left, model = (self._total - self._done) * pace, self._run.model
        if left < _MARGIN[True] * _cost() or not self._pays(left, pace, is_known(model)):
            self.leave()
        elif self._clock.seconds >= _LOOK:
            self._by_hand = pace
            self._start()

    def _pays(self, left: float, pace: float, known: bool) -> bool:
        saved = saved_before(self._run.model) or _SAVED[pace < _SMALL]
        enough = _MARGIN[known] * _cost() / saved
        return left >= (enough if known else enough + _COMPILING)

    def _start(self) -> None:
        try:
            self._step = CompiledStep(self._run, self._later)
        except NotCompilableError as why:
            tell(why)
            self.leave()
            return
        self._run.stepper = self._step
        self._run.judge = CompiledEvaluation(self._run.model, self._later)
        self._clock.reset(self._done)

    def _try(self, step: CompiledStep, pace: float) -> None:
        """Whether compiled steps are faster, once there are enough of them."""
        if self._run.stepper is not step:  # it gave up, and said why
            self.leave()
        elif step.graphs != self._graphs or step.taken <= _WARM:
            self._graphs = step.graphs  # making one is not a step's time
            self._clock.reset(self._done)
        elif self._clock.seconds >= _TRIAL:
            times = f"{1e3 * pace:.3g} ms instead of {1e3 * self._by_hand:.3g}"
            if pace < self._by_hand:
                say(f"jit: steps are compiled: they take {times}")
                remember(self._run.model, 1 - pace / self._by_hand)
                self._next = math.inf  # but other forms of batch may be compiled until the end
            else:
                say(f"jit: compiled steps take {times}: the run goes on without them")
                self._run.step_by_hand()
                self.leave()

    def leave(self) -> None:
        """Watch no longer; a process that compiles is ended."""
        self._later.close()
        self._run.auto = None


class _Clock:
    """Seconds and steps inside of epochs, without the time in which the run waited for data: who
    reads them may change meanwhile."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        self.reset(0)

    def reset(self, done: int) -> None:
        """Forget what was timed; go on from here."""
        self.seconds, self._steps = 0.0, 0
        self.begin(done)

    def begin(self, done: int) -> None:
        """Go on from here."""
        self._since, self._from, self._waited = time.perf_counter(), done, self._run.waited

    def look(self, done: int) -> None:
        """Take in the steps up to here."""
        waited = self._run.waited - self._waited
        self.seconds += time.perf_counter() - self._since - waited
        self._steps += done - self._from
        self.begin(done)

    @property
    def pace(self) -> float:
        """Seconds a step; 0 before the first."""
        return self.seconds / self._steps if self._steps else 0.0


def _cost() -> float:
    cost = _TRACING if _has_compiler() else _COST
    return cost if usable_cores() > torch.get_num_threads() else cost + _COMPILING


def _has_compiler() -> bool:
    """Whether torch's compiler was imported before, as in a notebook that trains once more."""
    return "torch._inductor.compile_fx" in sys.modules
