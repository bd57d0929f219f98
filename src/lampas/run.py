"""One call of `fit`: what it was asked, where it stands, and who is listening."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from torch import Tensor

from lampas.callbacks.base import (
    LOOK_SECONDS,
    CallbackLike,
    Event,
    EventKind,
    Stop,
    hears,
    reads_gradients,
)
from lampas.data.batch import Batch, Feed
from lampas.errors import InputError, TooLargeError
from lampas.history import History
from lampas.jit.known import remember
from lampas.moving import Moving
from lampas.pieces import Pieces, is_out_of_memory
from lampas.tally import Tally

if TYPE_CHECKING:
    from lampas.jit.auto import Auto
    from lampas.jit.evaluation import CompiledEvaluation
    from lampas.model import Model
    from lampas.state.keeper import Keeper


class Running(Mapping[str, float]):
    """The loss and the cheap metrics so far, looked at when first read: that waits for the
    device, so who only counts steps does not pay for it."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    @cached_property
    def _numbers(self) -> dict[str, float]:
        return self._tally.running()

    def __getitem__(self, name: str) -> float:
        return self._numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


@dataclass
class Run:
    """One call of `fit`, and where it stands.

    `keeper`: writes checkpoints, where there are to be some. `pauses`: the stop is one after which
    the same call goes on from here. `is_resumed`, `is_over`: it began where an earlier run had
    come to, which may have been its end. `preempted`: the signal that stopped it.
    """

    model: "Model"
    feed: Feed
    epochs: int
    first_epoch: int = 1
    validation: Feed | None = None
    validation_freq: int = 1
    callbacks: list[CallbackLike] = field(default_factory=list[CallbackLike])
    history: History = field(default_factory=History)
    epoch: int = 0
    step: int = 0
    waited: float = 0.0
    stopped: str | None = None
    interrupted: bool = False
    error: BaseException | None = None
    keeper: "Keeper | None" = None
    pauses: bool = False
    is_resumed: bool = False
    is_over: bool = False
    preempted: str | None = None

    def __post_init__(self) -> None:
        self.steps_before = 0  # of the epochs before this one
        self.looped = self.waited_in_all = 0.0  # seconds of all epochs' steps, and for their data
        self.pieces, self.validation_pieces = Pieces(self.model), Pieces(self.model)
        self.stepper: Any = self.model  # who takes the steps: the model, or a compiled step
        self.auto: Auto | None = None
        self.judge: CompiledEvaluation | None = None  # in the place of `eval_step`
        self.wants_gradients = any(map(reads_gradients, self.callbacks))
        self.hears_looks = any(hears(c, "look") for c in self.callbacks)
        self._next_look = 0.0
        self._ask_for_steps()

    def end_steps(self) -> None:
        """No step follows: how many were compiled is history, and nobody watches any more."""
        self._count_compiled()
        if self.auto is not None:
            self.auto.leave()
        elif self.history.compiled_steps:
            remember(self.model)  # so that "auto" knows what the cache has

    @cached_property
    def before(self) -> Moving:
        """What the step under way may change; each epoch has one of its own."""
        return Moving(self.model)

    def _count_compiled(self) -> None:
        self.history.compiled_steps += getattr(self.stepper, "taken", 0)

    def step_by_hand(self) -> None:
        """From here on the model takes the steps."""
        self._count_compiled()
        self.stepper, self.before, self.judge = self.model, Moving(self.model), None

    def begin(self, epoch: int) -> None:
        """Stand at the start of `epoch`."""
        self.steps_before += self.step
        self.epoch, self.step, self.waited = epoch, 0, 0.0
        self.tell("epoch_begin")
        self._ask_for_steps()

    def _ask_for_steps(self) -> None:
        """Which steps the callbacks want to hear of in this epoch."""
        counting = [c for c in self.callbacks if hears(c, "step") and getattr(c, "step_every", 1)]
        self.hears_steps = bool(counting)
        self._step_every = math.gcd(*(getattr(c, "step_every", 1) for c in counting))
        self.is_watched = self.hears_steps or self.hears_looks

    def tell(
        self,
        kind: EventKind,
        logs: Mapping[str, float] | None = None,
        losses: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Show a moment to the callbacks that hear it; the first to ask stops the run."""
        # Not `logs or {}`: whether running numbers are empty waits for the device.
        event = self._event(kind, {} if logs is None else logs, losses or {})
        for callback in self.callbacks:
            if hears(callback, kind):
                self._ask(callback, event)

    def tell_end(self) -> None:
        """Show the end to all who hear it: where one raises, the others still close their files.

        The first error is raised then, unless the run ended with one, which is the one to see.
        """
        event, failed = self._event("fit_end", {}, {}), self.error is not None
        self.error = None  # held by its own run, it would keep its frames' tensors for longer
        raised: Exception | None = None
        for callback in self.callbacks:
            try:
                if hears(callback, "fit_end"):
                    self._ask(callback, event)
            except Exception as error:
                raised = raised or error
        if raised is not None and not failed:
            raise raised

    def _event(
        self, kind: EventKind, logs: Mapping[str, float], losses: Mapping[str, Tensor]
    ) -> Event:
        error = self.error or (KeyboardInterrupt() if self.interrupted else None)
        return Event(kind, self.model, self.history, self.epoch, self.epochs, self.step,
                     self.feed.batches, logs, self.validation is not None, losses,
                     self.waited, error if kind == "fit_end" else None,
                     self.is_resumed)  # fmt: skip

    def _ask(self, callback: CallbackLike, event: Event) -> None:
        answer: Any = callback(event)
        if answer is not None and not isinstance(answer, Stop):
            raise InputError(
                f"the callback {name_of(callback)} returned {answer!r}: return None, or "
                "lampas.Stop('why') to end the run"
            )
        if answer is not None and self.stopped is None:
            self.stopped, self.pauses = answer.reason, answer.resumes

    def listen(self, tally: Tally) -> None:
        """After a step: for those who count steps, and for those who watch the numbers."""
        if self.hears_steps and (self.steps_before + self.step) % self._step_every == 0:
            self.tell("step", Running(tally), tally.losses.last())
            if self.stepper is not self.model:
                self.stepper.look_again()  # a callback may have frozen a layer
        if self.hears_looks and time.perf_counter() >= self._next_look:
            self.tell("look", tally.running())
            self._next_look = time.perf_counter() + LOOK_SECONDS

    def watched(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches, timed while they are waited for, which costs 0.1 µs each; loader workers
        that the same Ctrl-C ended are no error."""
        source, now = iter(batches), time.perf_counter
        began, waited = now(), self.waited
        try:
            while True:
                asked = now()
                batch = next(source, None)
                self.waited += now() - asked
                if batch is None:
                    return
                yield batch
                del batch  # before the next one is made, which gets its memory
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise TooLargeError(
                    f"out of memory {self.where}, where its batch was read: lower batch_size"
                ) from error
            if not self.interrupted:
                raise
        finally:
            self.looped += now() - began
            self.waited_in_all += self.waited - waited

    @property
    def has_trained(self) -> bool:
        """Whether a step was done."""
        return self.is_resumed or self.step > 0 or self.epoch > self.first_epoch

    @property
    def where(self) -> str:
        """The step under way, in words."""
        return f"in epoch {self.epoch}, step {self.step + 1}"


def name_of(callback: CallbackLike) -> str:
    """What a message calls a callback: a function's name, or its class's."""
    return getattr(callback, "__name__", type(callback).__name__)
